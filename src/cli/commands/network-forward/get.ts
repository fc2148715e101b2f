import { defineCommand, required } from '../../command.ts';
import { propertyOption } from '../../objects/key-options.ts';
import { getKey } from '../../objects/keys.ts';
import { forward } from '../../objects/network-parts.ts';

export const networkForwardGet = defineCommand({
  name: 'network forward get',
  group: 'network-storage',
  summary: 'Print one key of a forward',
  args: {
    network: required('network', 'network'),
    address: required('listen address', 'forward'),
    key: required('key'),
  },
  options: { property: propertyOption },
  examples: [['gast network forward get gastbr0 192.0.2.5 target_address', '']],
  run: (context, { args, options }) => getKey(context, forward(args.network, args.address), args.key, options),
});
