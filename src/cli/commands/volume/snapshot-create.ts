import { ClientError } from '../../../client/client-error.ts';
import { defineCommand, flag, optional, required, text } from '../../command.ts';
import { volumeParams } from '../../objects/volumes.ts';

export const volumeSnapshotCreate = defineCommand({
  name: 'storage volume snapshot create',
  group: 'network-storage',
  summary: 'Take a snapshot of a custom volume; guests that have it stand still meanwhile',
  args: { pool: required('pool', 'pool'), volume: required('volume', 'volume'), snapshot: optional('snapshot') },
  options: {
    reuse: flag('--reuse', 'replace one of the same name'),
    noExpiry: flag('--no-expiry', 'keep it for ever'),
    description: text('--description <text>', 'description'),
  },
  examples: [['gast storage volume snapshot create default data before', '']],
  async run(context, { args, options }) {
    const params = volumeParams(args.pool, args.volume);
    if (options.reuse && args.snapshot !== undefined)
      await context.client
        .operation('DELETE /1.0/storage-pools/{pool}/volumes/{type}/{volume}/snapshots/{snapshot}', {
          params: { ...params, snapshot: args.snapshot },
        })
        .catch((error: unknown) => {
          if (!(error instanceof ClientError && error.status === 404)) throw error;
        });
    const started = await context.client.start('POST /1.0/storage-pools/{pool}/volumes/{type}/{volume}/snapshots', {
      params,
      body: {
        ...(args.snapshot === undefined ? {} : { name: args.snapshot }),
        ...(options.noExpiry ? { expires_at: '0001-01-01T00:00:00Z' } : {}),
        ...(options.description === undefined ? {} : { description: options.description }),
      },
    });
    const ended = await context.follow(context.texts('snapshotting', { name: args.volume }), started);
    const url = ended.resources.storage_volume_snapshots?.[0] ?? '';
    context.print(`${decodeURIComponent(url.split('?')[0]?.split('/').at(-1) ?? '')}\n`);
  },
});
