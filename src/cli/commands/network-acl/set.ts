import { defineCommand, required, some } from '../../command.ts';
import { propertyOption } from '../../objects/key-options.ts';
import { parseAssignments } from '../../objects/key-values.ts';
import { setKeys } from '../../objects/keys.ts';
import { acl } from '../../objects/network-parts.ts';

export const networkAclSet = defineCommand({
  name: 'network acl set',
  group: 'network-storage',
  summary: 'Set keys of an access list',
  args: { acl: required('acl', 'acl'), assignments: some('key=value') },
  options: { property: propertyOption },
  examples: [['gast network acl set web user.owner=ops', '']],
  run: (context, { args, options }) => setKeys(context, acl(args.acl), parseAssignments(args.assignments), options),
});
