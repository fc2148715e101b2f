import type { Profile } from '../../../api/resources/profiles.ts';
import { defineCommand } from '../../command.ts';
import { allProjectsOption, allProjectsQuery, projectColumn } from '../../objects/all-projects.ts';
import { type Column, formatOption, printRows } from '../../output/print-rows.ts';

const columns: Column<Profile>[] = [
  { header: 'NAME', value: ({ name }) => name },
  { header: 'DESCRIPTION', value: ({ description }) => description },
  { header: 'USED BY', value: ({ used_by }) => String(used_by.length) },
];

export const profileList = defineCommand({
  name: 'profile list',
  aliases: ['profile ls'],
  group: 'settings',
  summary: 'List the profiles',
  args: {},
  options: { format: formatOption, allProjects: allProjectsOption },
  examples: [['gast profile list', '']],
  async run(context, { options }) {
    const profiles = (await context.client.call('GET /1.0/profiles', {
      query: { recursion: '1', ...allProjectsQuery(options.allProjects) },
    })) as Profile[];
    await printRows(context, options.format, [...projectColumn<Profile>(options.allProjects), ...columns], profiles);
  },
});
