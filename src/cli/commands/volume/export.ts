import { defineCommand, flag, optional, required, text } from '../../command.ts';
import { saveDownload } from '../../objects/download.ts';
import { volumeParams } from '../../objects/volumes.ts';

const day = 24 * 60 * 60 * 1000;

export const volumeExport = defineCommand({
  name: 'storage volume export',
  group: 'network-storage',
  summary: 'Write a custom volume with its snapshots to a file on this computer',
  args: { pool: required('pool', 'pool'), volume: required('volume', 'volume'), target: optional('target', 'file') },
  options: {
    volumeOnly: flag('--volume-only', 'without its snapshots'),
    compression: text('--compression <name>', 'gzip, zstd, xz, bzip2 or none', ['gzip', 'zstd', 'xz', 'bzip2', 'none']),
  },
  examples: [['gast storage volume export default data data.tar.gz', '']],
  async run(context, { args, options }) {
    const params = volumeParams(args.pool, args.volume);
    const label = context.texts('exporting', { name: args.volume });
    const started = await context.client.start('POST /1.0/storage-pools/{pool}/volumes/{type}/{volume}/backups', {
      params,
      body: {
        volume_only: options.volumeOnly,
        // For the case that this computer does not come to delete it.
        expires_at: new Date(Date.now() + day).toISOString(),
        ...(options.compression === undefined ? {} : { compression_algorithm: options.compression }),
      },
    });
    const ended = await context.follow(label, started);
    const backup = decodeURIComponent(ended.resources.backups?.[0]?.split('?')[0]?.split('/').at(-1) ?? '');
    const target = args.target ?? `${args.volume}.tar${options.compression === 'none' ? '' : '.gz'}`;
    try {
      const answer = await context.client.raw(
        'GET /1.0/storage-pools/{pool}/volumes/{type}/{volume}/backups/{backup}/export',
        { params: { ...params, backup } },
      );
      await saveDownload(context, answer, target, label);
    } finally {
      await context.client.operation('DELETE /1.0/storage-pools/{pool}/volumes/{type}/{volume}/backups/{backup}', {
        params: { ...params, backup },
      });
    }
    if (target !== '-') context.print(`${target}\n`);
  },
});
