import type { InstanceSnapshot } from '../../../api/resources/instances.ts';
import { defineCommand, required } from '../../command.ts';
import { columnsHelp, type LetterColumn, listOptions, printList } from '../../output/print-list.ts';
import { formatTime } from '../../output/units.ts';

const columns: LetterColumn<InstanceSnapshot>[] = [
  { letter: 'n', header: 'NAME', value: ({ name }) => name },
  { letter: 'T', header: 'TAKEN AT', value: ({ created_at }) => formatTime(created_at) },
  { letter: 'E', header: 'EXPIRES AT', value: ({ expires_at }) => formatTime(expires_at) },
  { letter: 's', header: 'STATEFUL', value: ({ stateful }) => (stateful ? 'YES' : 'NO') },
];

export const snapshotList = defineCommand({
  name: 'snapshot list',
  aliases: ['snapshot ls'],
  group: 'snapshots',
  summary: 'List the snapshots of a guest',
  details: columnsHelp(columns),
  args: { instance: required('instance', 'instance') },
  options: { ...listOptions },
  examples: [['gast snapshot list web', '']],
  async run(context, { args, options }) {
    const snapshots = await context.client.call('GET /1.0/instances/{name}/snapshots', {
      params: { name: args.instance },
      query: { recursion: '1' },
    });
    await printList(context, options, columns, snapshots as InstanceSnapshot[], 'kept');
  },
});
