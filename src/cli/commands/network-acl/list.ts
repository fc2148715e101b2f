import type { NetworkAcl } from '../../../api/resources/network-acls.ts';
import { defineCommand } from '../../command.ts';
import { allProjectsOption, allProjectsQuery, projectColumn } from '../../objects/all-projects.ts';
import { type Column, formatOption, printRows } from '../../output/print-rows.ts';

const columns: Column<NetworkAcl>[] = [
  { header: 'NAME', value: ({ name }) => name },
  { header: 'DESCRIPTION', value: ({ description }) => description },
  { header: 'USED BY', value: ({ used_by }) => String(used_by.length) },
];

export const networkAclList = defineCommand({
  name: 'network acl list',
  aliases: ['network acl ls'],
  group: 'network-storage',
  summary: 'List the access lists',
  args: {},
  options: { format: formatOption, allProjects: allProjectsOption },
  examples: [['gast network acl list', '']],
  async run(context, { options }) {
    const acls = (await context.client.call('GET /1.0/network-acls', {
      query: { recursion: '1', ...allProjectsQuery(options.allProjects) },
    })) as NetworkAcl[];
    await printRows(context, options.format, [...projectColumn<NetworkAcl>(options.allProjects), ...columns], acls);
  },
});
