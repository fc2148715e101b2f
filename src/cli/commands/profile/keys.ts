/** Profiles as things with keys: show, get, set, unset and edit. */
import { required } from '../../command.ts';
import { profile } from '../../objects/editable.ts';
import { keyCommands } from '../../objects/key-commands.ts';

export const profileKeys = keyCommands({
  noun: 'profile',
  group: 'settings',
  one: 'a profile',
  args: { profile: required('profile', 'profile') },
  target: ({ profile: name }) => profile(name),
  examples: {
    show: [['gast profile show web', '']],
    get: [['gast profile get web limits.memory', '']],
    set: [['gast profile set web limits.memory=1GiB', '']],
    unset: [['gast profile unset web limits.memory', '']],
    edit: [
      ['gast profile edit web', 'in $EDITOR'],
      ['gast profile edit web < profile.yaml', 'from a file'],
    ],
  },
});
