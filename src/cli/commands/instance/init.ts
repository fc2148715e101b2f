import { defineCommand, optional } from '../../command.ts';
import { createInstance } from '../../objects/created-instance.ts';
import { newInstance, newOptions } from '../../objects/new-instance.ts';

export const init = defineCommand({
  name: 'init',
  aliases: ['create'],
  group: 'guests',
  summary: 'Create a guest without starting it',
  args: { image: optional('image', 'image-or-recipe'), name: optional('name') },
  options: newOptions,
  examples: [
    ['gast init debian/12 web', 'created, not started'],
    ['gast init --empty raw', 'with an empty root file system'],
    ['gast init --vm --empty blank -d root,size=20GiB', 'a virtual machine with an empty disk'],
  ],
  imageFirst: true,
  async run(context, { args, options }) {
    const created = await createInstance(context, 'creating', await newInstance(context, 'init', args, options));
    context.print(`${created}\n`);
  },
});
