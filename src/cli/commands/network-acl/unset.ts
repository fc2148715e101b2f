import { defineCommand, required } from '../../command.ts';
import { propertyOption } from '../../objects/key-options.ts';
import { unsetKey } from '../../objects/keys.ts';
import { acl } from '../../objects/network-parts.ts';

export const networkAclUnset = defineCommand({
  name: 'network acl unset',
  group: 'network-storage',
  summary: 'Unset a key of an access list',
  args: { acl: required('acl', 'acl'), key: required('key') },
  options: { property: propertyOption },
  examples: [['gast network acl unset web user.owner', '']],
  run: (context, { args, options }) => unsetKey(context, acl(args.acl), args.key, options),
});
