import { usageError } from '../../cli-error.ts';
import { defineCommand, flag, optional } from '../../command.ts';
import { fetchInstance } from '../../objects/instances.ts';
import { imageSource } from '../../objects/remote-image.ts';

export const rebuild = defineCommand({
  name: 'rebuild',
  group: 'guests',
  summary: 'Give a stopped guest a fresh root file system; name, addresses and config stay',
  args: { image: optional('image', 'image-or-recipe'), instance: optional('instance', 'instance') },
  options: { empty: flag('--empty', 'without an image: an empty root') },
  examples: [
    ['gast rebuild debian/12 web', 'everything inside is new'],
    ['gast rebuild --empty raw', 'with an empty root file system'],
  ],
  imageFirst: true,
  async run(context, { args, options }) {
    const name = options.empty ? (args.instance ?? args.image) : args.instance;
    const image = options.empty ? undefined : args.image;
    if (name === undefined || (image === undefined && !options.empty))
      throw usageError('Which image, and which guest?', 'gast rebuild IMAGE NAME, or --empty NAME');
    const { type } = await fetchInstance(context, name);
    const kind = type === 'virtual-machine' ? type : 'container';
    const source = image === undefined ? { type: 'none' } : await imageSource(context, image, kind);
    const started = await context.client.start('POST /1.0/instances/{name}/rebuild', {
      params: { name },
      body: { source },
    });
    await context.follow(context.texts('rebuilding', { name }), started);
  },
});
