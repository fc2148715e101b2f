import { defineCommand, some } from '../../command.ts';

export const imageAliasDelete = defineCommand({
  name: 'image alias delete',
  aliases: ['image alias rm'],
  group: 'images',
  summary: 'Delete aliases; the images stay',
  args: { aliases: some('alias', 'alias') },
  options: {},
  examples: [['gast image alias delete web', '']],
  async run(context, { args }) {
    for (const name of args.aliases)
      await context.client.call('DELETE /1.0/images/aliases/{name}', { params: { name } });
  },
});
