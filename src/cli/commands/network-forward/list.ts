import type { NetworkForward } from '../../../api/resources/network-forwards.ts';
import { defineCommand, required } from '../../command.ts';
import { columnsHelp, type LetterColumn, listOptions, printList } from '../../output/print-list.ts';

const columns: LetterColumn<NetworkForward>[] = [
  { letter: 'l', header: 'LISTEN ADDRESS', value: ({ listen_address }) => listen_address },
  { letter: 'd', header: 'DESCRIPTION', value: ({ description }) => description },
  { letter: 'D', header: 'DEFAULT TARGET ADDRESS', value: ({ config }) => config.target_address ?? '' },
  { letter: 'p', header: 'PORTS', value: ({ ports }) => String(ports.length) },
  { letter: 'L', header: 'LOCATION', value: ({ location }) => location, extra: true },
];

export const networkForwardList = defineCommand({
  name: 'network forward list',
  aliases: ['network forward ls'],
  group: 'network-storage',
  summary: 'List the forwards of a network',
  details: columnsHelp(columns),
  args: { network: required('network', 'network') },
  options: { ...listOptions },
  examples: [['gast network forward list gastbr0', '']],
  async run(context, { args, options }) {
    const forwards = await context.client.call('GET /1.0/networks/{name}/forwards', {
      params: { name: args.network },
      query: { recursion: '1' },
    });
    await printList(context, options, columns, forwards as NetworkForward[]);
  },
});
