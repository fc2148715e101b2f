import type { Profile } from '../../../api/resources/profiles.ts';
import { defineCommand } from '../../command.ts';
import { allProjectsOption, allProjectsQuery } from '../../objects/all-projects.ts';
import { columnsHelp, type LetterColumn, listOptions, printList, projectLetter } from '../../output/print-list.ts';

const columns: LetterColumn<Profile>[] = [
  { letter: 'n', header: 'NAME', value: ({ name }) => name },
  { letter: 'd', header: 'DESCRIPTION', value: ({ description }) => description },
  { letter: 'u', header: 'USED BY', value: ({ used_by }) => String(used_by.length) },
  projectLetter<Profile>(),
];

export const profileList = defineCommand({
  name: 'profile list',
  aliases: ['profile ls'],
  group: 'settings',
  summary: 'List the profiles',
  details: columnsHelp(columns),
  args: {},
  options: { ...listOptions, allProjects: allProjectsOption },
  examples: [['gast profile list', '']],
  async run(context, { options }) {
    const profiles = (await context.client.call('GET /1.0/profiles', {
      query: { recursion: '1', ...allProjectsQuery(options.allProjects) },
    })) as Profile[];
    await printList(context, options, columns, profiles);
  },
});
