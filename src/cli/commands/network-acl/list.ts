import type { NetworkAcl } from '../../../api/resources/network-acls.ts';
import { defineCommand } from '../../command.ts';
import { allProjectsOption, allProjectsQuery } from '../../objects/all-projects.ts';
import { columnsHelp, type LetterColumn, listOptions, printList, projectLetter } from '../../output/print-list.ts';

const columns: LetterColumn<NetworkAcl>[] = [
  { letter: 'n', header: 'NAME', value: ({ name }) => name },
  { letter: 'd', header: 'DESCRIPTION', value: ({ description }) => description },
  { letter: 'u', header: 'USED BY', value: ({ used_by }) => String(used_by.length) },
  projectLetter<NetworkAcl>(),
];

export const networkAclList = defineCommand({
  name: 'network acl list',
  aliases: ['network acl ls'],
  group: 'network-storage',
  summary: 'List the access lists',
  details: columnsHelp(columns),
  args: {},
  options: { ...listOptions, allProjects: allProjectsOption },
  examples: [['gast network acl list', '']],
  async run(context, { options }) {
    const acls = (await context.client.call('GET /1.0/network-acls', {
      query: { recursion: '1', ...allProjectsQuery(options.allProjects) },
    })) as NetworkAcl[];
    await printList(context, options, columns, acls);
  },
});
