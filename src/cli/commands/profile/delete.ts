import { defineCommand, some } from '../../command.ts';
import { forEachNamed } from '../../objects/for-each-named.ts';

export const profileDelete = defineCommand({
  name: 'profile delete',
  aliases: ['profile rm'],
  group: 'settings',
  summary: 'Delete profiles that nobody uses',
  args: { names: some('name', 'profile') },
  options: {},
  examples: [['gast profile delete web', '']],
  run: (context, { args }) =>
    forEachNamed(context, args.names, async (name) => {
      await context.client.call('DELETE /1.0/profiles/{name}', { params: { name } });
    }),
});
