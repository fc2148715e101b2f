import { defineCommand, required } from '../../command.ts';
import { propertyOption } from '../../objects/key-options.ts';
import { unsetKey } from '../../objects/keys.ts';
import { volume } from '../../objects/volumes.ts';

export const volumeUnset = defineCommand({
  name: 'storage volume unset',
  group: 'network-storage',
  summary: 'Unset a key of a volume',
  args: { pool: required('pool', 'pool'), volume: required('volume', 'volume'), key: required('key') },
  options: { property: propertyOption },
  examples: [['gast storage volume unset default data snapshots.expiry', '']],
  run: (context, { args, options }) => unsetKey(context, volume(args.pool, args.volume), args.key, options),
});
