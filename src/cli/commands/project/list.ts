import type { Project } from '../../../api/resources/projects.ts';
import { defineCommand } from '../../command.ts';
import { type Column, formatOption, printRows } from '../../output/print-rows.ts';

const feature = (header: string, name: string): Column<Project> => ({
  header,
  value: ({ config }) => (config[`features.${name}`] === 'true' ? 'YES' : 'NO'),
});

const columns = (current: string): Column<Project>[] => [
  { header: 'NAME', value: ({ name }) => (name === current ? `${name} (current)` : name) },
  feature('IMAGES', 'images'),
  feature('PROFILES', 'profiles'),
  feature('STORAGE VOLUMES', 'storage.volumes'),
  feature('NETWORKS', 'networks'),
  { header: 'DESCRIPTION', value: ({ description }) => description },
  { header: 'USED BY', value: ({ used_by }) => String(used_by.length) },
];

export const projectList = defineCommand({
  name: 'project list',
  aliases: ['project ls'],
  group: 'server',
  summary: 'List the projects, and which things they have of their own',
  args: {},
  options: { format: formatOption },
  examples: [['gast project list', '']],
  async run(context, { options }) {
    const projects = (await context.client.call('GET /1.0/projects', { query: { recursion: '1' } })) as Project[];
    await printRows(context, options.format, columns(context.project ?? 'default'), projects);
  },
});
