import { defineCommand, flag, list, optional, required } from '../../command.ts';
import { pointAliases, releaseAliases } from '../../objects/image-aliases.ts';
import { openUpload } from '../../objects/image-upload.ts';
import { parseKeyValues } from '../../objects/key-values.ts';

export const imageImport = defineCommand({
  name: 'image import',
  group: 'images',
  summary: 'Import an image from a tarball, or from metadata and root file system',
  args: { file: required('tarball', 'file'), rootfs: optional('rootfs', 'file') },
  options: {
    alias: list('--alias <name>', 'alias of the image (may be repeated)'),
    public: flag('--public', 'for clients that are not trusted too'),
    reuse: flag('--reuse', 'take aliases away from older images'),
    property: list('--property <key=value>', 'property (may be repeated)'),
  },
  examples: [
    ['gast image import debian12.tar.xz --alias debian/12', 'one file'],
    ['gast image import meta.tar.xz rootfs.squashfs --alias web', 'two files'],
  ],
  async run(context, { args, options }) {
    const label = context.texts('importing', { name: args.file });
    const headers: Record<string, string> = {
      'X-Incus-filename': encodeURIComponent(args.file.split('/').at(-1) ?? ''),
    };
    if (options.public) headers['X-Incus-public'] = 'true';
    const properties = parseKeyValues(options.property);
    if (Object.keys(properties).length > 0) headers['X-Incus-properties'] = new URLSearchParams(properties).toString();
    const started = await (async () => {
      using task = context.task(label);
      const { body, contentType } = await openUpload(args.file, args.rootfs, task);
      return context.client.start('POST /1.0/images', {
        upload: body,
        headers: { ...headers, 'Content-Type': contentType },
      });
    })();
    const ended = await context.follow(label, started);
    const fingerprint = String(ended.metadata?.fingerprint ?? '');
    if (options.reuse) await releaseAliases(context, options.alias);
    await pointAliases(context, options.alias, fingerprint);
    context.print(`${context.texts('imported-as', { fingerprint })}\n`);
  },
});
