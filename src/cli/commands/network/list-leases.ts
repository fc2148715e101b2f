import type { NetworkLease } from '../../../api/resources/networks.ts';
import { defineCommand, required } from '../../command.ts';
import { columnsHelp, type LetterColumn, listOptions, printList } from '../../output/print-list.ts';

const columns: LetterColumn<NetworkLease>[] = [
  { letter: 'h', header: 'HOSTNAME', value: ({ hostname }) => hostname },
  { letter: 'm', header: 'MAC ADDRESS', value: ({ hwaddr }) => hwaddr },
  { letter: 'i', header: 'IP ADDRESS', value: ({ address }) => address },
  { letter: 't', header: 'TYPE', value: ({ type }) => type.toUpperCase() },
  { letter: 'L', header: 'LOCATION', value: ({ location }) => location, extra: true },
];

export const networkListLeases = defineCommand({
  name: 'network list-leases',
  group: 'network-storage',
  summary: 'List the addresses given out in a network',
  details: columnsHelp(columns),
  args: { network: required('network', 'network') },
  options: { ...listOptions },
  examples: [['gast network list-leases gastbr0', '']],
  async run(context, { args, options }) {
    const leases = await context.client.call('GET /1.0/networks/{name}/leases', { params: { name: args.network } });
    await printList(context, options, columns, leases);
  },
});
