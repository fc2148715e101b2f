import { defineCommand, required } from '../../command.ts';
import { printObject } from '../../output/print-rows.ts';

export const storageShow = defineCommand({
  name: 'storage show',
  group: 'network-storage',
  summary: 'Show a storage pool as YAML',
  args: { name: required('pool', 'pool') },
  options: {},
  examples: [['gast storage show fast', '']],
  run: async (context, { args }) =>
    printObject(
      context,
      'yaml',
      await context.client.call('GET /1.0/storage-pools/{name}', { params: { name: args.name } }),
    ),
});
