import type { InstanceSnapshot } from '../../../api/resources/instances.ts';
import { defineCommand, required } from '../../command.ts';
import { type Column, formatOption, printRows } from '../../output/print-rows.ts';
import { formatTime } from '../../output/units.ts';

const columns: Column<InstanceSnapshot>[] = [
  { header: 'NAME', value: ({ name }) => name },
  { header: 'TAKEN AT', value: ({ created_at }) => formatTime(created_at) },
  { header: 'EXPIRES AT', value: ({ expires_at }) => formatTime(expires_at) },
  { header: 'STATEFUL', value: ({ stateful }) => (stateful ? 'YES' : 'NO') },
];

export const snapshotList = defineCommand({
  name: 'snapshot list',
  aliases: ['snapshot ls'],
  group: 'snapshots',
  summary: 'List the snapshots of a guest',
  args: { instance: required('instance', 'instance') },
  options: { format: formatOption },
  examples: [['gast snapshot list web', '']],
  async run(context, { args, options }) {
    const snapshots = await context.client.call('GET /1.0/instances/{name}/snapshots', {
      params: { name: args.instance },
      query: { recursion: '1' },
    });
    await printRows(context, options.format, columns, snapshots as InstanceSnapshot[]);
  },
});
