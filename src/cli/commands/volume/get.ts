import { defineCommand, required } from '../../command.ts';
import { propertyOption } from '../../objects/key-options.ts';
import { getKey } from '../../objects/keys.ts';
import { volume } from '../../objects/volumes.ts';

export const volumeGet = defineCommand({
  name: 'storage volume get',
  group: 'network-storage',
  summary: 'Print one key of a volume',
  args: { pool: required('pool', 'pool'), volume: required('volume', 'volume'), key: required('key') },
  options: { property: propertyOption },
  examples: [['gast storage volume get default data size', '']],
  run: (context, { args, options }) => getKey(context, volume(args.pool, args.volume), args.key, options),
});
