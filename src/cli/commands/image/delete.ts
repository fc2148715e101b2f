import { defineCommand, some } from '../../command.ts';
import { forEachNamed } from '../../objects/for-each-named.ts';
import { needImage } from '../../objects/image-source.ts';

export const imageDelete = defineCommand({
  name: 'image delete',
  aliases: ['image rm'],
  group: 'images',
  summary: 'Delete images',
  args: { images: some('image', 'image') },
  options: {},
  examples: [['gast image delete my-web', 'by alias or fingerprint']],
  run: (context, { args }) =>
    forEachNamed(context, args.images, async (word) => {
      const { fingerprint } = await needImage(context, word);
      const started = await context.client.start('DELETE /1.0/images/{fingerprint}', { params: { fingerprint } });
      await context.follow(context.texts('deleting', { name: word }), started);
    }),
});
