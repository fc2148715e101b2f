import { defineCommand, required, some } from '../../command.ts';
import { network } from '../../objects/editable.ts';
import { propertyOption } from '../../objects/key-options.ts';
import { parseAssignments } from '../../objects/key-values.ts';
import { setKeys } from '../../objects/keys.ts';

export const networkSet = defineCommand({
  name: 'network set',
  group: 'network-storage',
  summary: 'Set keys of a network',
  args: { network: required('network', 'network'), assignments: some('key=value') },
  options: { property: propertyOption },
  examples: [['gast network set gastbr0 ipv4.nat=false', '']],
  run: (context, { args, options }) =>
    setKeys(context, network(args.network), parseAssignments(args.assignments), options),
});
