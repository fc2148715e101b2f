import { defineCommand, required } from '../../command.ts';
import { image, pick } from '../../objects/editable.ts';
import { needImage } from '../../objects/image-source.ts';
import { printObject } from '../../output/print-rows.ts';

export const imageShow = defineCommand({
  name: 'image show',
  group: 'images',
  summary: 'Show what of an image can be edited, as YAML',
  args: { image: required('image', 'image') },
  options: {},
  examples: [['gast image show debian/12', '']],
  async run(context, { args }) {
    const found = await needImage(context, args.image);
    await printObject(context, 'yaml', pick(found, image(found.fingerprint).editable));
  },
});
