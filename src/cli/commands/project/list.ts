import type { Project } from '../../../api/resources/projects.ts';
import { defineCommand } from '../../command.ts';
import { type Column, formatOption, printRows } from '../../output/print-rows.ts';

const columns: Column<Project>[] = [
  { header: 'NAME', value: ({ name }) => name },
  { header: 'DESCRIPTION', value: ({ description }) => description },
  { header: 'USED BY', value: ({ used_by }) => String(used_by.length) },
];

export const projectList = defineCommand({
  name: 'project list',
  aliases: ['project ls'],
  group: 'server',
  summary: 'List the projects',
  args: {},
  options: { format: formatOption },
  examples: [['gast project list', '']],
  async run(context, { options }) {
    const projects = (await context.client.call('GET /1.0/projects', { query: { recursion: '1' } })) as Project[];
    await printRows(context, options.format, columns, projects);
  },
});
