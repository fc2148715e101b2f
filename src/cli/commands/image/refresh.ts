import { defineCommand, some } from '../../command.ts';
import { needImage } from '../../objects/image-source.ts';

export const imageRefresh = defineCommand({
  name: 'image refresh',
  group: 'images',
  summary: 'Fetch images anew when their source has newer ones',
  args: { images: some('image', 'image') },
  options: {},
  examples: [['gast image refresh debian/12', 'its aliases go to the new image; guests stay as they are']],
  async run(context, { args }) {
    for (const name of args.images) {
      const { fingerprint } = await needImage(context, name);
      const started = await context.client.start('POST /1.0/images/{fingerprint}/refresh', { params: { fingerprint } });
      const { metadata } = await context.follow(context.texts('refreshing', { name }), started);
      context.print(`${context.texts(metadata?.refreshed === true ? 'refreshed' : 'up-to-date', { name })}\n`);
    }
  },
});
