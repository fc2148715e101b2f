import { defineCommand, required } from '../../command.ts';

export const networkRename = defineCommand({
  name: 'network rename',
  aliases: ['network mv'],
  group: 'network-storage',
  summary: 'Rename a network that nobody uses',
  args: { network: required('network', 'network'), name: required('new name') },
  options: {},
  examples: [['gast network rename lab0 lab1', '']],
  async run(context, { args }) {
    await context.client.call('POST /1.0/networks/{name}', {
      params: { name: args.network },
      body: { name: args.name },
    });
  },
});
