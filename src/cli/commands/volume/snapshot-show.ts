import { defineCommand, optional, required } from '../../command.ts';
import { snapshotParams } from '../../objects/volumes.ts';
import { printObject } from '../../output/print-rows.ts';

export const volumeSnapshotShow = defineCommand({
  name: 'storage volume snapshot show',
  group: 'network-storage',
  summary: 'Show a snapshot of a volume as YAML',
  args: { pool: required('pool', 'pool'), volume: required('volume', 'volume'), snapshot: optional('snapshot') },
  options: {},
  examples: [['gast storage volume snapshot show default data before', '']],
  async run(context, { args }) {
    const params = snapshotParams(args.pool, args.volume, args.snapshot);
    await printObject(
      context,
      'yaml',
      await context.client.call('GET /1.0/storage-pools/{pool}/volumes/{type}/{volume}/snapshots/{snapshot}', {
        params,
      }),
    );
  },
});
