import { defineCommand, required } from '../../command.ts';
import { network } from '../../objects/editable.ts';
import { propertyOption } from '../../objects/key-options.ts';
import { getKey } from '../../objects/keys.ts';

export const networkGet = defineCommand({
  name: 'network get',
  group: 'network-storage',
  summary: 'Print one key of a network',
  args: { network: required('network', 'network'), key: required('key') },
  options: { property: propertyOption },
  examples: [['gast network get gastbr0 ipv4.address', '']],
  run: (context, { args, options }) => getKey(context, network(args.network), args.key, options),
});
