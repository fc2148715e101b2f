import { defineCommand, required } from '../../command.ts';
import { volumeParams } from '../../objects/volumes.ts';
import { printObject } from '../../output/print-rows.ts';

export const volumeShow = defineCommand({
  name: 'storage volume show',
  group: 'network-storage',
  summary: 'Show a volume as YAML',
  args: { pool: required('pool', 'pool'), volume: required('volume', 'volume') },
  options: {},
  examples: [
    ['gast storage volume show default data', ''],
    ['gast storage volume show default container/web', 'the root file system of a guest'],
  ],
  async run(context, { args }) {
    const params = volumeParams(args.pool, args.volume);
    await printObject(
      context,
      'yaml',
      await context.client.call('GET /1.0/storage-pools/{pool}/volumes/{type}/{volume}', { params }),
    );
  },
});
