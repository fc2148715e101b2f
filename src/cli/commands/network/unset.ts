import { defineCommand, required } from '../../command.ts';
import { network } from '../../objects/editable.ts';
import { propertyOption } from '../../objects/key-options.ts';
import { unsetKey } from '../../objects/keys.ts';

export const networkUnset = defineCommand({
  name: 'network unset',
  group: 'network-storage',
  summary: 'Unset a key of a network',
  args: { network: required('network', 'network'), key: required('key') },
  options: { property: propertyOption },
  examples: [['gast network unset gastbr0 ipv4.address', '']],
  run: (context, { args, options }) => unsetKey(context, network(args.network), args.key, options),
});
