import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { splitMultipart } from '../../../lib/multipart.ts';
import { CliError } from '../../cli-error.ts';
import { defineCommand, optional, required } from '../../command.ts';
import { showReceived, writeAside } from '../../objects/download.ts';
import { needImage } from '../../objects/image-source.ts';

export const imageExport = defineCommand({
  name: 'image export',
  group: 'images',
  summary: 'Write the file of an image to this computer',
  args: { image: required('image', 'image'), target: optional('target', 'file') },
  options: {},
  examples: [
    ['gast image export my-web', 'under its own name, here'],
    ['gast image export my-web /srv/web', 'as /srv/web.tar.xz or what it is'],
    ['gast image export debian/12 deb', 'an image of two files: deb and deb.root'],
  ],
  async run(context, { args }) {
    const image = await needImage(context, args.image);
    const params = { fingerprint: image.fingerprint };
    const answer = await context.client.raw('GET /1.0/images/{fingerprint}/export', { params });
    const type = String(answer.headers['content-type']);
    const split = type.startsWith('multipart/');
    const given =
      /filename="?([^";/]+)"?/.exec(String(answer.headers['content-disposition'] ?? ''))?.[1] ?? image.fingerprint;
    const target = await targetOf(args.target, given, split);
    if (target === '-') {
      if (split) throw new CliError('This image consists of two files, which do not fit into one stream');
      return pipeline(answer, context.streams.stdout, { end: false });
    }
    const label = context.texts('exporting', { name: args.image });
    using _ = showReceived(context, answer, { label, sizeBytes: image.size });
    // The second file is named as incus does it; `gast image import FILE FILE.root` takes both.
    const files = split ? [target, `${target}.root`] : [target];
    await writeAside(files, async ([first = '', second = '']) => {
      if (!split) return pipeline(answer, createWriteStream(first));
      await splitMultipart(
        answer,
        type,
        async ({ metadata, rootfs }) => {
          if (!metadata || !rootfs) return;
          await Promise.all([
            pipeline(metadata, createWriteStream(first)),
            pipeline(rootfs, createWriteStream(second)),
          ]);
        },
        { first: 'metadata', second: 'rootfs' },
      );
    });
    context.print(`${files.join('\n')}\n`);
  },
});

/** A name without an ending gets the one of the image's file. */
async function targetOf(target: string | undefined, given: string, split: boolean): Promise<string> {
  if (target === undefined) return given;
  if (target === '-') return target;
  const isDirectory = await stat(target).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isDirectory) return join(target, given);
  if (split) return target;
  const ending = /(\.tar)?\.[a-z0-9]+$/.exec(given)?.[0] ?? '';
  return target.endsWith(ending) ? target : `${target}${ending}`;
}
