import type { NetworkLease } from '../../../api/resources/networks.ts';
import { defineCommand, required } from '../../command.ts';
import { type Column, formatOption, printRows } from '../../output/print-rows.ts';

const columns: Column<NetworkLease>[] = [
  { header: 'HOSTNAME', value: ({ hostname }) => hostname },
  { header: 'MAC ADDRESS', value: ({ hwaddr }) => hwaddr },
  { header: 'IP ADDRESS', value: ({ address }) => address },
  { header: 'TYPE', value: ({ type }) => type.toUpperCase() },
];

export const networkListLeases = defineCommand({
  name: 'network list-leases',
  group: 'network-storage',
  summary: 'List the addresses given out in a network',
  args: { network: required('network', 'network') },
  options: { format: formatOption },
  examples: [['gast network list-leases gastbr0', '']],
  async run(context, { args, options }) {
    const leases = await context.client.call('GET /1.0/networks/{name}/leases', { params: { name: args.network } });
    await printRows(context, options.format, columns, leases);
  },
});
