import { defineCommand, required } from '../../command.ts';
import { propertyOption } from '../../objects/key-options.ts';
import { unsetKey } from '../../objects/keys.ts';
import { forward } from '../../objects/network-parts.ts';

export const networkForwardUnset = defineCommand({
  name: 'network forward unset',
  group: 'network-storage',
  summary: 'Unset a key of a forward',
  args: {
    network: required('network', 'network'),
    address: required('listen address', 'forward'),
    key: required('key'),
  },
  options: { property: propertyOption },
  examples: [['gast network forward unset gastbr0 192.0.2.5 target_address', '']],
  run: (context, { args, options }) => unsetKey(context, forward(args.network, args.address), args.key, options),
});
