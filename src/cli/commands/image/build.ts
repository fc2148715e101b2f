import { usageError } from '../../cli-error.ts';
import { defineCommand, flag, optional, text } from '../../command.ts';
import { releaseAliases } from '../../objects/image-aliases.ts';
import { buildImage } from '../../objects/image-source.ts';

export const imageBuild = defineCommand({
  name: 'image build',
  group: 'images',
  summary: 'Build an image from the packages of a distribution',
  args: { recipe: optional('recipe', 'recipe') },
  options: {
    alias: text('--alias <name>', 'alias instead of the name of the recipe'),
    vm: flag('--vm', 'one for virtual machines'),
    reuse: flag('--reuse', 'take the alias away from an older image'),
  },
  examples: [
    ['gast image build debian/12', 'becomes the image debian/12'],
    ['gast image build debian/12 --vm', 'a disk that virtual machines start from'],
    ['gast image list --recipes', 'what can be built'],
  ],
  async run(context, { args, options }) {
    if (args.recipe === undefined) throw usageError('Which recipe?', 'gast image list --recipes shows them');
    const alias = options.alias ?? args.recipe;
    const type = options.vm ? 'virtual-machine' : 'container';
    if (options.reuse) await releaseAliases(context, [alias], type);
    const fingerprint = await buildImage(context, args.recipe, alias, type);
    context.print(`${fingerprint}\n`);
  },
});
