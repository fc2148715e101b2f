import { defineCommand, optional, required } from '../../command.ts';
import { snapshotParams } from '../../objects/volumes.ts';

export const volumeSnapshotDelete = defineCommand({
  name: 'storage volume snapshot delete',
  aliases: ['storage volume snapshot rm'],
  group: 'network-storage',
  summary: 'Delete a snapshot of a volume',
  args: { pool: required('pool', 'pool'), volume: required('volume', 'volume'), snapshot: optional('snapshot') },
  options: {},
  examples: [['gast storage volume snapshot delete default data before', '']],
  async run(context, { args }) {
    const params = snapshotParams(args.pool, args.volume, args.snapshot);
    const started = await context.client.start(
      'DELETE /1.0/storage-pools/{pool}/volumes/{type}/{volume}/snapshots/{snapshot}',
      { params },
    );
    await context.follow(context.texts('deleting', { name: `${params.volume}/${params.snapshot}` }), started);
  },
});
