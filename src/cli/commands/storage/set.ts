import { defineCommand, required, some } from '../../command.ts';
import { pool } from '../../objects/editable.ts';
import { propertyOption } from '../../objects/key-options.ts';
import { parseAssignments } from '../../objects/key-values.ts';
import { setKeys } from '../../objects/keys.ts';

export const storageSet = defineCommand({
  name: 'storage set',
  group: 'network-storage',
  summary: 'Set keys of a storage pool',
  args: { pool: required('pool', 'pool'), assignments: some('key=value') },
  options: { property: propertyOption },
  examples: [['gast storage set default volume.size=10GiB', '']],
  run: (context, { args, options }) => setKeys(context, pool(args.pool), parseAssignments(args.assignments), options),
});
