import type { Network } from '../../../api/resources/networks.ts';
import { defineCommand } from '../../command.ts';
import { allProjectsOption, allProjectsQuery, projectColumn } from '../../objects/all-projects.ts';
import { type Column, formatOption, printRows } from '../../output/print-rows.ts';

const columns: Column<Network>[] = [
  { header: 'NAME', value: ({ name }) => name },
  { header: 'TYPE', value: ({ type }) => type },
  { header: 'MANAGED', value: ({ managed }) => (managed ? 'YES' : 'NO') },
  { header: 'IPV4', value: ({ config }) => config['ipv4.address'] ?? '' },
  { header: 'IPV6', value: ({ config }) => config['ipv6.address'] ?? '' },
  { header: 'DESCRIPTION', value: ({ description }) => description },
  { header: 'USED BY', value: ({ used_by }) => String(used_by.length) },
  { header: 'STATE', value: ({ status }) => status.toUpperCase() },
];

export const networkList = defineCommand({
  name: 'network list',
  aliases: ['network ls'],
  group: 'network-storage',
  summary: 'List managed networks and the links of this computer',
  args: {},
  options: { format: formatOption, allProjects: allProjectsOption },
  examples: [['gast network list', '']],
  async run(context, { options }) {
    const networks = (await context.client.call('GET /1.0/networks', {
      query: { recursion: '1', ...allProjectsQuery(options.allProjects) },
    })) as Network[];
    await printRows(context, options.format, [...projectColumn<Network>(options.allProjects), ...columns], networks);
  },
});
