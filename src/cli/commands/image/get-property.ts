import { defineCommand, required } from '../../command.ts';
import { image } from '../../objects/editable.ts';
import { needImage } from '../../objects/image-source.ts';
import { getKey } from '../../objects/keys.ts';

export const imageGetProperty = defineCommand({
  name: 'image get-property',
  group: 'images',
  summary: 'Print a property of an image',
  args: { image: required('image', 'image'), key: required('key') },
  options: {},
  examples: [['gast image get-property my-web description', '']],
  async run(context, { args }) {
    const target = image((await needImage(context, args.image)).fingerprint);
    await getKey(context, target, args.key, { property: false });
  },
});
