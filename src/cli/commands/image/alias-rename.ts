import { defineCommand, required } from '../../command.ts';

export const imageAliasRename = defineCommand({
  name: 'image alias rename',
  group: 'images',
  summary: 'Rename an alias',
  args: { alias: required('alias', 'alias'), newName: required('new-name') },
  options: {},
  examples: [['gast image alias rename web www', '']],
  async run(context, { args }) {
    await context.client.call('POST /1.0/images/aliases/{name}', {
      params: { name: args.alias },
      body: { name: args.newName },
    });
  },
});
