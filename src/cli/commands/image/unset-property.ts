import { defineCommand, required } from '../../command.ts';
import { image } from '../../objects/editable.ts';
import { needImage } from '../../objects/image-source.ts';
import { unsetKey } from '../../objects/keys.ts';

export const imageUnsetProperty = defineCommand({
  name: 'image unset-property',
  group: 'images',
  summary: 'Unset a property of an image',
  args: { image: required('image', 'image'), key: required('key') },
  options: {},
  examples: [['gast image unset-property my-web description', '']],
  async run(context, { args }) {
    const target = image((await needImage(context, args.image)).fingerprint);
    await unsetKey(context, target, args.key, { property: false });
  },
});
