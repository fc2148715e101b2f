import type { StorageVolumeSnapshot } from '../../../api/resources/volumes.ts';
import { defineCommand, flag, required } from '../../command.ts';
import { volumeParams } from '../../objects/volumes.ts';
import { formatBytes, formatTime } from '../../output/units.ts';

export const volumeInfo = defineCommand({
  name: 'storage volume info',
  group: 'network-storage',
  summary: 'Show what a volume takes, who uses it, and its snapshots',
  args: { pool: required('pool', 'pool'), volume: required('volume', 'volume') },
  options: { bytes: flag('--bytes', 'exact numbers of bytes') },
  examples: [['gast storage volume info default data', '']],
  async run(context, { args, options }) {
    const params = volumeParams(args.pool, args.volume);
    const [volume, state, snapshots] = await Promise.all([
      context.client.call('GET /1.0/storage-pools/{pool}/volumes/{type}/{volume}', { params }),
      context.client.call('GET /1.0/storage-pools/{pool}/volumes/{type}/{volume}/state', { params }),
      context.client.call('GET /1.0/storage-pools/{pool}/volumes/{type}/{volume}/snapshots', {
        params,
        query: { recursion: '1' },
      }),
    ]);
    const size = (bytes: number) => (options.bytes ? String(bytes) : formatBytes(bytes));
    const { usage } = state;
    const lines = [
      `Name: ${volume.name}`,
      `Type: ${volume.type}`,
      `Content type: ${volume.content_type}`,
      ...(volume.description ? [`Description: ${volume.description}`] : []),
      `Created: ${formatTime(volume.created_at)}`,
      ...(usage ? [`Usage: ${size(usage.used)}`] : []),
      ...(usage && usage.total > 0 ? [`Total: ${size(usage.total)}`] : []),
      ...(volume.used_by.length > 0 ? ['Used by:', ...volume.used_by.map((url) => `  ${url}`)] : []),
      ...(snapshots.length > 0 ? ['Snapshots:'] : []),
      ...(snapshots as StorageVolumeSnapshot[]).map(
        ({ name, created_at }) => `  ${name.split('/').at(-1)}  ${formatTime(created_at)}`,
      ),
    ];
    context.print(`${lines.join('\n')}\n`);
  },
});
