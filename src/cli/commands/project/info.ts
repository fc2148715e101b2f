import { defineCommand, required } from '../../command.ts';
import { type Column, formatOption, printRows } from '../../output/print-rows.ts';
import { formatBytes } from '../../output/units.ts';

type Row = { resource: string; limit: number; usage: number };

const amount = ({ resource }: Row, value: number) =>
  resource === 'memory' || resource === 'disk' ? formatBytes(value) : String(value);

const columns: Column<Row>[] = [
  { header: 'RESOURCE', value: ({ resource }) => resource.toUpperCase() },
  { header: 'LIMIT', value: (row) => (row.limit < 0 ? 'UNLIMITED' : amount(row, row.limit)) },
  { header: 'USAGE', value: (row) => amount(row, row.usage) },
];

export const projectInfo = defineCommand({
  name: 'project info',
  group: 'server',
  summary: 'Show what a project may use, and uses',
  args: { project: required('project', 'project') },
  options: { format: formatOption },
  examples: [['gast project info shop', '']],
  async run(context, { args, options }) {
    const state = await context.client.call('GET /1.0/projects/{name}/state', { params: { name: args.project } });
    const rows = Object.entries(state.resources)
      .map(([resource, { Limit, Usage }]): Row => ({ resource, limit: Limit, usage: Usage }))
      .sort((a, b) => (a.resource < b.resource ? -1 : 1));
    await printRows(context, options.format, columns, rows, state);
  },
});
