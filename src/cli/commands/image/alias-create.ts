import { defineCommand, required, text } from '../../command.ts';
import { needImage } from '../../objects/image-source.ts';

export const imageAliasCreate = defineCommand({
  name: 'image alias create',
  group: 'images',
  summary: 'Give an image another name',
  args: { alias: required('alias'), image: required('fingerprint', 'image') },
  options: { description: text('--description <text>', 'description') },
  examples: [['gast image alias create web 6c28e4e7d0af', '']],
  async run(context, { args, options }) {
    const { fingerprint } = await needImage(context, args.image);
    const description = options.description === undefined ? {} : { description: options.description };
    await context.client.call('POST /1.0/images/aliases', {
      body: { name: args.alias, target: fingerprint, ...description },
    });
  },
});
