import { defineCommand, required, some } from '../../command.ts';
import { image } from '../../objects/editable.ts';
import { needImage } from '../../objects/image-source.ts';
import { parseAssignments } from '../../objects/key-values.ts';
import { setKeys } from '../../objects/keys.ts';

export const imageSetProperty = defineCommand({
  name: 'image set-property',
  group: 'images',
  summary: 'Set properties of an image',
  args: { image: required('image', 'image'), assignments: some('key=value') },
  options: {},
  examples: [['gast image set-property my-web description "Web server"', '']],
  async run(context, { args }) {
    const target = image((await needImage(context, args.image)).fingerprint);
    await setKeys(context, target, parseAssignments(args.assignments), { property: false });
  },
});
