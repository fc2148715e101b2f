import type { StorageVolumeSnapshot } from '../../../api/resources/volumes.ts';
import { defineCommand, required } from '../../command.ts';
import { volumeParams } from '../../objects/volumes.ts';
import { columnsHelp, type LetterColumn, listOptions, printList } from '../../output/print-list.ts';
import { formatTime } from '../../output/units.ts';

const columns: LetterColumn<StorageVolumeSnapshot>[] = [
  { letter: 'n', header: 'NAME', value: ({ name }) => name.split('/').at(-1) ?? name },
  { letter: 'T', header: 'TAKEN AT', value: ({ created_at }) => formatTime(created_at) },
  { letter: 'E', header: 'EXPIRES AT', value: ({ expires_at }) => formatTime(expires_at ?? '') },
];

export const volumeSnapshotList = defineCommand({
  name: 'storage volume snapshot list',
  aliases: ['storage volume snapshot ls'],
  group: 'network-storage',
  summary: 'List the snapshots of a volume',
  details: columnsHelp(columns),
  args: { pool: required('pool', 'pool'), volume: required('volume', 'volume') },
  options: { ...listOptions },
  examples: [['gast storage volume snapshot list default data', '']],
  async run(context, { args, options }) {
    const snapshots = await context.client.call('GET /1.0/storage-pools/{pool}/volumes/{type}/{volume}/snapshots', {
      params: volumeParams(args.pool, args.volume),
      query: { recursion: '1' },
    });
    await printList(context, options, columns, snapshots as StorageVolumeSnapshot[], 'kept');
  },
});
