import { defineCommand, required, text } from '../../command.ts';
import { needImage } from '../../objects/image-source.ts';
import { printObject } from '../../output/print-rows.ts';
import { formatBytes, formatTime } from '../../output/units.ts';

export const imageInfo = defineCommand({
  name: 'image info',
  group: 'images',
  summary: 'Show all about an image',
  args: { image: required('image', 'image') },
  options: { format: text('-f, --format <format>', 'json or yaml instead of text', ['json', 'yaml']) },
  examples: [['gast image info debian/12', 'by alias or fingerprint']],
  async run(context, { args, options }) {
    const image = await needImage(context, args.image);
    if (options.format !== undefined) return printObject(context, options.format, image);
    const lines = [
      `Fingerprint: ${image.fingerprint}`,
      `Aliases: ${image.aliases.map(({ name }) => name).join(', ')}`,
      `Size: ${formatBytes(image.size)}`,
      `Architecture: ${image.architecture}`,
      `Type: ${image.type}`,
      `Public: ${image.public ? 'yes' : 'no'}`,
      `Created: ${formatTime(image.created_at)}`,
      `Uploaded: ${formatTime(image.uploaded_at)}`,
      `Last used: ${formatTime(image.last_used_at) || 'never'}`,
      `File: ${image.filename}`,
      'Properties:',
      ...Object.entries(image.properties).map(([key, value]) => `  ${key}: ${value}`),
    ];
    context.print(`${lines.join('\n')}\n`);
  },
});
