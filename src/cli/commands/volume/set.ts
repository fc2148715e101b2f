import { defineCommand, required, some } from '../../command.ts';
import { propertyOption } from '../../objects/key-options.ts';
import { parseAssignments } from '../../objects/key-values.ts';
import { setKeys } from '../../objects/keys.ts';
import { volume } from '../../objects/volumes.ts';

export const volumeSet = defineCommand({
  name: 'storage volume set',
  group: 'network-storage',
  summary: 'Set keys of a volume',
  args: { pool: required('pool', 'pool'), volume: required('volume', 'volume'), assignments: some('key=value') },
  options: { property: propertyOption },
  examples: [['gast storage volume set default data snapshots.expiry=1w', '']],
  run: (context, { args, options }) =>
    setKeys(context, volume(args.pool, args.volume), parseAssignments(args.assignments), options),
});
