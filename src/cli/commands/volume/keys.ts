/** Volumes as things with keys: show, get, set, unset and edit. */
import { required } from '../../command.ts';
import { keyCommands } from '../../objects/key-commands.ts';
import { volume } from '../../objects/volumes.ts';

export const volumeKeys = keyCommands({
  noun: 'storage volume',
  group: 'network-storage',
  one: 'a volume',
  args: { pool: required('pool', 'pool'), volume: required('volume', 'volume') },
  target: ({ pool, volume: name }) => volume(pool, name),
  examples: {
    show: [
      ['gast storage volume show default data', ''],
      ['gast storage volume show default container/web', 'the root file system of a guest'],
    ],
    get: [['gast storage volume get default data size', '']],
    set: [['gast storage volume set default data snapshots.expiry=1w', '']],
    unset: [['gast storage volume unset default data snapshots.expiry', '']],
    edit: [['gast storage volume edit default data', 'in $EDITOR']],
  },
});
