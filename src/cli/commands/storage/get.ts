import { defineCommand, required } from '../../command.ts';
import { pool } from '../../objects/editable.ts';
import { propertyOption } from '../../objects/key-options.ts';
import { getKey } from '../../objects/keys.ts';

export const storageGet = defineCommand({
  name: 'storage get',
  group: 'network-storage',
  summary: 'Print one key of a storage pool',
  args: { pool: required('pool', 'pool'), key: required('key') },
  options: { property: propertyOption },
  examples: [['gast storage get default volume.size', '']],
  run: (context, { args, options }) => getKey(context, pool(args.pool), args.key, options),
});
