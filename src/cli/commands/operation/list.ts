import type { Operation } from '../../../api/resources/operations.ts';
import { defineCommand, flag } from '../../command.ts';
import { progressOf } from '../../output/operation-progress.ts';
import { type Column, formatOption, printRows } from '../../output/print-rows.ts';
import { formatTime } from '../../output/units.ts';

const columns: Column<Operation>[] = [
  { header: 'ID', value: ({ id }) => id },
  { header: 'TYPE', value: (operation) => operation.class.toUpperCase() },
  { header: 'DESCRIPTION', value: ({ description }) => description },
  { header: 'STATE', value: ({ status }) => status.toUpperCase() },
  { header: 'PROGRESS', value: (operation) => (operation.status_code < 200 ? progressOf(operation).text : '') },
  { header: 'CANCELABLE', value: ({ may_cancel }) => (may_cancel ? 'YES' : 'NO') },
  { header: 'CREATED', value: ({ created_at }) => formatTime(created_at) },
];

export const operationList = defineCommand({
  name: 'operation list',
  aliases: ['operation ls'],
  group: 'server',
  summary: 'List what the server is doing',
  args: {},
  options: { format: formatOption, allProjects: flag('--all-projects', 'of all projects') },
  examples: [['gast operation list', '']],
  async run(context, { options }) {
    const query = { recursion: '1', ...(options.allProjects ? { 'all-projects': 'true' } : {}) };
    const byStatus = await context.client.call('GET /1.0/operations', { query });
    await printRows(context, options.format, columns, Object.values(byStatus).flat() as Operation[]);
  },
});
