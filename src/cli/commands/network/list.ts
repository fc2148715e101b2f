import type { Network } from '../../../api/resources/networks.ts';
import { defineCommand } from '../../command.ts';
import { allProjectsOption, allProjectsQuery } from '../../objects/all-projects.ts';
import { columnsHelp, type LetterColumn, listOptions, printList, projectLetter } from '../../output/print-list.ts';

const columns: LetterColumn<Network>[] = [
  { letter: 'n', header: 'NAME', value: ({ name }) => name },
  { letter: 't', header: 'TYPE', value: ({ type }) => type },
  { letter: 'm', header: 'MANAGED', value: ({ managed }) => (managed ? 'YES' : 'NO') },
  { letter: '4', header: 'IPV4', value: ({ config }) => config['ipv4.address'] ?? '' },
  { letter: '6', header: 'IPV6', value: ({ config }) => config['ipv6.address'] ?? '' },
  { letter: 'd', header: 'DESCRIPTION', value: ({ description }) => description },
  { letter: 'u', header: 'USED BY', value: ({ used_by }) => String(used_by.length) },
  { letter: 's', header: 'STATE', value: ({ status }) => status.toUpperCase() },
  projectLetter<Network>(),
];

export const networkList = defineCommand({
  name: 'network list',
  aliases: ['network ls'],
  group: 'network-storage',
  summary: 'List managed networks and the links of this computer',
  details: columnsHelp(columns),
  args: {},
  options: { ...listOptions, allProjects: allProjectsOption },
  examples: [['gast network list', '']],
  async run(context, { options }) {
    const networks = (await context.client.call('GET /1.0/networks', {
      query: { recursion: '1', ...allProjectsQuery(options.allProjects) },
    })) as Network[];
    await printList(context, options, columns, networks);
  },
});
