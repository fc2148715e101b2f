import type { Operation } from '../../../api/resources/operations.ts';
import { defineCommand, flag, list, optional, required } from '../../command.ts';
import type { Context } from '../../context.ts';
import { pointAliases, releaseAliases } from '../../objects/image-aliases.ts';
import { openUpload } from '../../objects/image-upload.ts';
import { parseKeyValues } from '../../objects/key-values.ts';

export const imageImport = defineCommand({
  name: 'image import',
  group: 'images',
  summary: 'Import an image from a tarball, or from metadata and root file system',
  args: { file: required('tarball|url', 'file'), rootfs: optional('rootfs', 'file') },
  options: {
    alias: list('--alias <name>', 'alias of the image (may be repeated)'),
    public: flag('--public', 'for clients that are not trusted too'),
    reuse: flag('--reuse', 'take aliases away from older images'),
    property: list('--property <key=value>', 'property (may be repeated)'),
  },
  examples: [
    ['gast image import debian12.tar.xz --alias debian/12', 'one file'],
    [
      'gast image import https://example.org/web --alias web',
      'fetched by the server, from an address with the headers of an image server',
    ],
    ['gast image import meta.tar.xz rootfs.squashfs --alias web', 'two files'],
  ],
  async run(context, { args, options }) {
    const label = context.texts('importing', { name: args.file });
    if (/^https?:\/\//.test(args.file)) {
      const started = await context.client.start('POST /1.0/images', {
        body: {
          source: { type: 'url', url: args.file },
          public: options.public,
          properties: parseKeyValues(options.property),
        },
      });
      return finish(context, await context.follow(label, started), options);
    }
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
    await finish(context, await context.follow(label, started), options);
  },
});

async function finish(context: Context, ended: Operation, { reuse, alias }: { reuse: boolean; alias: string[] }) {
  const fingerprint = String(ended.metadata?.fingerprint ?? '');
  if (reuse) {
    const { type } = await context.client.call('GET /1.0/images/{fingerprint}', { params: { fingerprint } });
    await releaseAliases(context, alias, type);
  }
  await pointAliases(context, alias, fingerprint);
  context.print(`${context.texts('imported-as', { fingerprint })}\n`);
}
