import { defineCommand, required } from '../../command.ts';
import { printObject } from '../../output/print-rows.ts';

export const networkShow = defineCommand({
  name: 'network show',
  group: 'network-storage',
  summary: 'Show a network as YAML',
  args: { name: required('network', 'network') },
  options: {},
  examples: [['gast network show gastbr1', '']],
  run: async (context, { args }) =>
    printObject(
      context,
      'yaml',
      await context.client.call('GET /1.0/networks/{name}', { params: { name: args.name } }),
    ),
});
