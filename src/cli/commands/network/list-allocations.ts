import type { NetworkAllocation } from '../../../api/resources/networks.ts';
import { defineCommand } from '../../command.ts';
import { allProjectsOption, allProjectsQuery } from '../../objects/all-projects.ts';
import { columnsHelp, type LetterColumn, listOptions, printList } from '../../output/print-list.ts';

const columns: LetterColumn<NetworkAllocation>[] = [
  { letter: 'u', header: 'USED BY', value: ({ used_by }) => used_by },
  { letter: 'a', header: 'ADDRESS', value: ({ addresses }) => addresses },
  { letter: 't', header: 'TYPE', value: ({ type }) => type },
  { letter: 'n', header: 'NAT', value: ({ nat }) => (nat ? 'YES' : 'NO') },
  { letter: 'm', header: 'HARDWARE ADDRESS', value: ({ hwaddr }) => hwaddr },
];

export const networkListAllocations = defineCommand({
  name: 'network list-allocations',
  group: 'network-storage',
  summary: 'List the addresses in use with who uses them',
  details: columnsHelp(columns),
  args: {},
  options: { ...listOptions, allProjects: allProjectsOption },
  examples: [['gast network list-allocations', '']],
  async run(context, { options }) {
    const allocations = await context.client.call('GET /1.0/network-allocations', {
      query: allProjectsQuery(options.allProjects),
    });
    await printList(context, options, columns, allocations);
  },
});
