/** Access lists as things with keys: show, get, set, unset and edit. */
import { required } from '../../command.ts';
import { keyCommands } from '../../objects/key-commands.ts';
import { acl } from '../../objects/network-parts.ts';

export const networkAclKeys = keyCommands({
  noun: 'network acl',
  group: 'network-storage',
  one: 'an access list',
  args: { acl: required('acl', 'acl') },
  target: ({ acl: name }) => acl(name),
  examples: {
    show: [['gast network acl show web', '']],
    get: [['gast network acl get web user.owner', '']],
    set: [['gast network acl set web user.owner=ops', '']],
    unset: [['gast network acl unset web user.owner', '']],
    edit: [
      ['gast network acl edit web', 'in $EDITOR'],
      ['gast network acl edit web < acl.yaml', 'from a file'],
    ],
  },
});
