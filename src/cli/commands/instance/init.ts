import { usageError } from '../../cli-error.ts';
import { defineCommand, flag, optional } from '../../command.ts';
import { createOptions, createRequest } from '../../objects/create-request.ts';
import { createInstance } from '../../objects/created-instance.ts';
import { imageSource } from '../../objects/remote-image.ts';

export const init = defineCommand({
  name: 'init',
  aliases: ['create'],
  group: 'guests',
  summary: 'Create a guest without starting it',
  args: { image: optional('image', 'image-or-recipe'), name: optional('name') },
  options: { ...createOptions, empty: flag('--empty', 'without an image: an empty root') },
  examples: [
    ['gast init debian/12 web', 'created, not started'],
    ['gast init --empty raw', 'with an empty root file system'],
  ],
  imageFirst: true,
  async run(context, { args, options }) {
    const image = options.empty ? undefined : args.image;
    const name = options.empty ? (args.name ?? args.image) : args.name;
    if (image === undefined && !options.empty) throw usageError('Which image?', 'gast init IMAGE [NAME], or --empty');
    const request = await createRequest(context, options);
    const source = image === undefined ? { type: 'none' } : await imageSource(context, image);
    const created = await createInstance(context, 'creating', {
      ...request,
      ...(name === undefined ? {} : { name }),
      type: 'container',
      source,
    });
    context.print(`${created}\n`);
  },
});
