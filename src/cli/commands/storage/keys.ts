/** Storage pools as things with keys: show, get, set, unset and edit. */
import { required } from '../../command.ts';
import { pool } from '../../objects/editable.ts';
import { keyCommands } from '../../objects/key-commands.ts';

export const storageKeys = keyCommands({
  noun: 'storage',
  group: 'network-storage',
  one: 'a storage pool',
  args: { pool: required('pool', 'pool') },
  target: ({ pool: name }) => pool(name),
  examples: {
    show: [['gast storage show fast', '']],
    get: [['gast storage get default volume.size', '']],
    set: [['gast storage set default volume.size=10GiB', '']],
    unset: [['gast storage unset default volume.size', '']],
    edit: [
      ['gast storage edit default', 'in $EDITOR'],
      ['gast storage edit default < pool.yaml', 'from a file'],
    ],
  },
});
