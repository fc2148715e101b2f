import type { Operation } from '../../../api/resources/operations.ts';
import { defineCommand, flag } from '../../command.ts';
import { progressOf } from '../../output/operation-progress.ts';
import { columnsHelp, type LetterColumn, listOptions, printList } from '../../output/print-list.ts';
import { formatTime } from '../../output/units.ts';

const columns: LetterColumn<Operation>[] = [
  { letter: 'i', header: 'ID', value: ({ id }) => id },
  { letter: 't', header: 'TYPE', value: (operation) => operation.class.toUpperCase() },
  { letter: 'd', header: 'DESCRIPTION', value: ({ description }) => description },
  { letter: 's', header: 'STATE', value: ({ status }) => status.toUpperCase() },
  {
    letter: 'p',
    header: 'PROGRESS',
    value: (operation) => (operation.status_code < 200 ? progressOf(operation).text : ''),
    extra: true,
  },
  { letter: 'c', header: 'CANCELABLE', value: ({ may_cancel }) => (may_cancel ? 'YES' : 'NO') },
  { letter: 'C', header: 'CREATED', value: ({ created_at }) => formatTime(created_at) },
];

export const operationList = defineCommand({
  name: 'operation list',
  aliases: ['operation ls'],
  group: 'server',
  summary: 'List what the server is doing',
  details: columnsHelp(columns),
  args: {},
  options: { ...listOptions, allProjects: flag('--all-projects', 'of all projects') },
  examples: [['gast operation list', '']],
  async run(context, { options }) {
    const query = { recursion: '1', ...(options.allProjects ? { 'all-projects': 'true' } : {}) };
    const byStatus = await context.client.call('GET /1.0/operations', { query });
    await printList(context, options, columns, Object.values(byStatus).flat() as Operation[], 'kept');
  },
});
