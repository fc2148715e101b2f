import { defineCommand, required } from '../../command.ts';
import { snapshotParams } from '../../objects/volumes.ts';

export const volumeSnapshotRename = defineCommand({
  name: 'storage volume snapshot rename',
  group: 'network-storage',
  summary: 'Rename a snapshot of a volume',
  args: {
    pool: required('pool', 'pool'),
    volume: required('volume', 'volume'),
    snapshot: required('snapshot'),
    newName: required('new-name'),
  },
  options: {},
  examples: [['gast storage volume snapshot rename default data snap0 before', '']],
  async run(context, { args }) {
    const started = await context.client.start(
      'POST /1.0/storage-pools/{pool}/volumes/{type}/{volume}/snapshots/{snapshot}',
      {
        params: snapshotParams(args.pool, args.volume, args.snapshot),
        body: { name: args.newName },
      },
    );
    await context.follow(context.texts('renaming', { name: `${args.volume}/${args.snapshot}` }), started);
  },
});
