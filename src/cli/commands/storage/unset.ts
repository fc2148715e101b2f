import { defineCommand, required } from '../../command.ts';
import { pool } from '../../objects/editable.ts';
import { propertyOption } from '../../objects/key-options.ts';
import { unsetKey } from '../../objects/keys.ts';

export const storageUnset = defineCommand({
  name: 'storage unset',
  group: 'network-storage',
  summary: 'Unset a key of a storage pool',
  args: { pool: required('pool', 'pool'), key: required('key') },
  options: { property: propertyOption },
  examples: [['gast storage unset default volume.size', '']],
  run: (context, { args, options }) => unsetKey(context, pool(args.pool), args.key, options),
});
