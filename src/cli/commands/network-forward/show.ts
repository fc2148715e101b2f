import { defineCommand, required } from '../../command.ts';
import { forward } from '../../objects/network-parts.ts';
import { printObject } from '../../output/print-rows.ts';

export const networkForwardShow = defineCommand({
  name: 'network forward show',
  group: 'network-storage',
  summary: 'Show a forward as YAML',
  args: { network: required('network', 'network'), address: required('listen address', 'forward') },
  options: {},
  examples: [['gast network forward show gastbr0 192.0.2.5', '']],
  run: async (context, { args }) =>
    printObject(context, 'yaml', (await forward(args.network, args.address).read(context)).value),
});
