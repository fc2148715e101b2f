import { defineCommand, required, some } from '../../command.ts';
import { propertyOption } from '../../objects/key-options.ts';
import { parseAssignments } from '../../objects/key-values.ts';
import { setKeys } from '../../objects/keys.ts';
import { forward } from '../../objects/network-parts.ts';

export const networkForwardSet = defineCommand({
  name: 'network forward set',
  group: 'network-storage',
  summary: 'Set keys of a forward',
  args: {
    network: required('network', 'network'),
    address: required('listen address', 'forward'),
    assignments: some('key=value'),
  },
  options: { property: propertyOption },
  examples: [['gast network forward set gastbr0 192.0.2.5 target_address=10.1.2.3', '']],
  run: (context, { args, options }) =>
    setKeys(context, forward(args.network, args.address), parseAssignments(args.assignments), options),
});
