import { defineCommand, some } from '../../command.ts';
import { forEachNamed } from '../../objects/for-each-named.ts';

export const networkDelete = defineCommand({
  name: 'network delete',
  aliases: ['network rm'],
  group: 'network-storage',
  summary: 'Delete managed networks that nobody uses',
  args: { names: some('name', 'network') },
  options: {},
  examples: [['gast network delete gastbr1', '']],
  run: (context, { args }) =>
    forEachNamed(context, args.names, async (name) => {
      await context.client.call('DELETE /1.0/networks/{name}', { params: { name } });
    }),
});
