import { defineCommand, optional, required } from '../../command.ts';
import { snapshotParams } from '../../objects/volumes.ts';

export const volumeSnapshotRestore = defineCommand({
  name: 'storage volume snapshot restore',
  group: 'network-storage',
  summary: 'Put a volume back to what it was at a snapshot; no guest that runs may have it',
  args: { pool: required('pool', 'pool'), volume: required('volume', 'volume'), snapshot: optional('snapshot') },
  options: {},
  examples: [['gast storage volume snapshot restore default data before', '']],
  async run(context, { args }) {
    const { snapshot, ...params } = snapshotParams(args.pool, args.volume, args.snapshot);
    await context.client.call('PUT /1.0/storage-pools/{pool}/volumes/{type}/{volume}', {
      params,
      body: { restore: snapshot },
    });
  },
});
