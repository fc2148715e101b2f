import { defineCommand, some } from '../../command.ts';
import { forEachNamed } from '../../objects/for-each-named.ts';

export const storageDelete = defineCommand({
  name: 'storage delete',
  aliases: ['storage rm'],
  group: 'network-storage',
  summary: 'Delete storage pools that nobody uses',
  args: { names: some('name', 'pool') },
  options: {},
  examples: [['gast storage delete fast', '']],
  run: (context, { args }) =>
    forEachNamed(context, args.names, async (name) => {
      await context.client.call('DELETE /1.0/storage-pools/{name}', { params: { name } });
    }),
});
