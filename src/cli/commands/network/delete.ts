import { defineCommand, some } from '../../command.ts';
import { forEachGuest } from '../../objects/change-state.ts';

export const networkDelete = defineCommand({
  name: 'network delete',
  aliases: ['network rm'],
  group: 'network-storage',
  summary: 'Delete managed networks that nobody uses',
  args: { names: some('name', 'network') },
  options: {},
  examples: [['gast network delete gastbr1', '']],
  run: (context, { args }) =>
    forEachGuest(context, args.names, async (name) => {
      await context.client.call('DELETE /1.0/networks/{name}', { params: { name } });
    }),
});
