import { defineCommand, required } from '../../command.ts';
import { editObject } from '../../objects/edit.ts';
import { image } from '../../objects/editable.ts';
import { needImage } from '../../objects/image-source.ts';

export const imageEdit = defineCommand({
  name: 'image edit',
  group: 'images',
  summary: 'Edit the properties of an image in your editor',
  args: { image: required('image', 'image') },
  options: {},
  examples: [['gast image edit debian/12', 'in $EDITOR']],
  async run(context, { args }) {
    await editObject(context, image((await needImage(context, args.image)).fingerprint));
  },
});
