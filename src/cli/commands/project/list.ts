import type { Project } from '../../../api/resources/projects.ts';
import { defineCommand } from '../../command.ts';
import { columnsHelp, type LetterColumn, listOptions, printList } from '../../output/print-list.ts';

const feature = (letter: string, header: string, name: string): LetterColumn<Project> => ({
  letter,
  header,
  value: ({ config }) => (config[`features.${name}`] === 'true' ? 'YES' : 'NO'),
});

const columns = (current: string): LetterColumn<Project>[] => [
  { letter: 'n', header: 'NAME', value: ({ name }) => (name === current ? `${name} (current)` : name) },
  feature('i', 'IMAGES', 'images'),
  feature('p', 'PROFILES', 'profiles'),
  feature('v', 'STORAGE VOLUMES', 'storage.volumes'),
  feature('b', 'STORAGE BUCKETS', 'storage.buckets'),
  feature('w', 'NETWORKS', 'networks'),
  feature('z', 'NETWORK ZONES', 'networks.zones'),
  { letter: 'd', header: 'DESCRIPTION', value: ({ description }) => description },
  { letter: 'u', header: 'USED BY', value: ({ used_by }) => String(used_by.length) },
];

export const projectList = defineCommand({
  name: 'project list',
  aliases: ['project ls'],
  group: 'server',
  summary: 'List the projects, and which things they have of their own',
  details: columnsHelp(columns('')),
  args: {},
  options: listOptions,
  examples: [['gast project list', '']],
  async run(context, { options }) {
    const projects = (await context.client.call('GET /1.0/projects', { query: { recursion: '1' } })) as Project[];
    await printList(context, options, columns(context.project ?? 'default'), projects);
  },
});
