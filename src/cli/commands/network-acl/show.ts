import { defineCommand, required } from '../../command.ts';
import { acl } from '../../objects/network-parts.ts';
import { printObject } from '../../output/print-rows.ts';

export const networkAclShow = defineCommand({
  name: 'network acl show',
  group: 'network-storage',
  summary: 'Show an access list as YAML',
  args: { acl: required('acl', 'acl') },
  options: {},
  examples: [['gast network acl show web', '']],
  run: async (context, { args }) => printObject(context, 'yaml', (await acl(args.acl).read(context)).value),
});
