import { CliError } from '../../cli-error.ts';
import { defineCommand, flag, list, optional, required, text } from '../../command.ts';
import { releaseAliases } from '../../objects/image-aliases.ts';
import { copyAliases, pullImage, pushImage, relayImage } from '../../objects/image-copy.ts';
import { readImageWord } from '../../objects/remote-image.ts';

export const imageCopy = defineCommand({
  name: 'image copy',
  aliases: ['image cp'],
  group: 'images',
  summary: 'Copy an image from one server to another',
  details:
    'The target fetches it (pull) when it can reach the source; push lets the source send it; relay takes it through this computer.',
  args: { image: required('[remote:]image', 'image'), target: optional('remote:', 'remote') },
  options: {
    alias: list('--alias <name>', 'alias of the copy (may be repeated)'),
    copyAliases: flag('--copy-aliases', 'the aliases that it has at its source'),
    autoUpdate: flag('--auto-update', 'follow the alias at the source'),
    public: flag('--public', 'for clients that are not trusted too'),
    reuse: flag('--reuse', 'take aliases away from older images'),
    mode: text('--mode <mode>', 'pull (the default), push or relay', ['pull', 'push', 'relay']),
  },
  examples: [
    ['gast image copy images:alpine/3.20 local: --alias alpine --auto-update', 'from an image server'],
    ['gast image copy my-web otto: --copy-aliases', 'from here to otto'],
  ],
  imageFirst: true,
  async run(context, { args, options }) {
    const { image, elsewhere } = readImageWord(context, args.image);
    const source = elsewhere ?? defaultSource(context, args.target);
    const aliases = [...options.alias, ...(options.copyAliases ? await copyAliases(context, source, image) : [])];
    if (options.reuse) await releaseAliases(context, aliases, 'container');
    const wish = { image, source, aliases, autoUpdate: options.autoUpdate, public: options.public };
    const mode = options.mode ?? (source.remote.protocol === 'unix' ? 'relay' : 'pull');
    const modes = { pull: pullImage, push: pushImage, relay: relayImage };
    const copy = Object.hasOwn(modes, mode) ? modes[mode as keyof typeof modes] : undefined;
    if (!copy) throw new CliError(`The mode "${mode}" is not one of pull, push, relay`);
    const fingerprint = await copy(context, wish);
    context.print(`${fingerprint}\n`);
  },
});

/** `gast image copy web otto:` means the image of the default server. */
function defaultSource(context: Parameters<typeof readImageWord>[0], target: string | undefined) {
  const { elsewhere } = readImageWord(context, 'local:');
  if (elsewhere && target === undefined) return elsewhere;
  throw new CliError('The source and the target are the same server', { help: 'gast image copy REMOTE:IMAGE REMOTE:' });
}
