import { defineCommand, required } from '../../command.ts';

export const rename = defineCommand({
  name: 'rename',
  group: 'guests',
  summary: 'Give a stopped guest another name',
  args: { instance: required('instance', 'instance'), newName: required('new-name') },
  options: {},
  examples: [['gast rename web www', 'web is called www from now on']],
  async run(context, { args }) {
    const started = await context.client.start('POST /1.0/instances/{name}', {
      params: { name: args.instance },
      body: { name: args.newName },
    });
    await context.follow(context.texts('renaming', { name: args.instance }), started);
  },
});
