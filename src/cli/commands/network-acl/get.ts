import { defineCommand, required } from '../../command.ts';
import { propertyOption } from '../../objects/key-options.ts';
import { getKey } from '../../objects/keys.ts';
import { acl } from '../../objects/network-parts.ts';

export const networkAclGet = defineCommand({
  name: 'network acl get',
  group: 'network-storage',
  summary: 'Print one key of an access list',
  args: { acl: required('acl', 'acl'), key: required('key') },
  options: { property: propertyOption },
  examples: [['gast network acl get web user.owner', '']],
  run: (context, { args, options }) => getKey(context, acl(args.acl), args.key, options),
});
