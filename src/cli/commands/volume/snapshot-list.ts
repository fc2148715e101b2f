import type { StorageVolumeSnapshot } from '../../../api/resources/volumes.ts';
import { defineCommand, required } from '../../command.ts';
import { volumeParams } from '../../objects/volumes.ts';
import { type Column, formatOption, printRows } from '../../output/print-rows.ts';
import { formatTime } from '../../output/units.ts';

const columns: Column<StorageVolumeSnapshot>[] = [
  { header: 'NAME', value: ({ name }) => name.split('/').at(-1) ?? name },
  { header: 'TAKEN AT', value: ({ created_at }) => formatTime(created_at) },
  { header: 'EXPIRES AT', value: ({ expires_at }) => formatTime(expires_at ?? '') },
];

export const volumeSnapshotList = defineCommand({
  name: 'storage volume snapshot list',
  aliases: ['storage volume snapshot ls'],
  group: 'network-storage',
  summary: 'List the snapshots of a volume',
  args: { pool: required('pool', 'pool'), volume: required('volume', 'volume') },
  options: { format: formatOption },
  examples: [['gast storage volume snapshot list default data', '']],
  async run(context, { args, options }) {
    const snapshots = await context.client.call('GET /1.0/storage-pools/{pool}/volumes/{type}/{volume}/snapshots', {
      params: volumeParams(args.pool, args.volume),
      query: { recursion: '1' },
    });
    await printRows(context, options.format, columns, snapshots as StorageVolumeSnapshot[]);
  },
});
