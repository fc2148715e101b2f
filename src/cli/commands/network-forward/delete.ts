import { defineCommand, required } from '../../command.ts';

export const networkForwardDelete = defineCommand({
  name: 'network forward delete',
  aliases: ['network forward rm'],
  group: 'network-storage',
  summary: 'Delete a forward',
  args: { network: required('network', 'network'), address: required('listen address', 'forward') },
  options: {},
  examples: [['gast network forward delete gastbr0 192.0.2.5', '']],
  async run(context, { args }) {
    await context.client.call('DELETE /1.0/networks/{name}/forwards/{address}', {
      params: { name: args.network, address: args.address },
    });
  },
});
