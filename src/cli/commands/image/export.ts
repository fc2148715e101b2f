import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CliError } from '../../cli-error.ts';
import { defineCommand, optional, required } from '../../command.ts';
import { needImage } from '../../objects/image-source.ts';
import { formatBytes } from '../../output/units.ts';

export const imageExport = defineCommand({
  name: 'image export',
  group: 'images',
  summary: 'Write the file of an image to this computer',
  args: { image: required('image', 'image'), target: optional('target', 'file') },
  options: {},
  examples: [
    ['gast image export my-web', 'under its own name, here'],
    ['gast image export my-web /srv/web', 'as /srv/web.tar.xz or what it is'],
  ],
  async run(context, { args }) {
    const image = await needImage(context, args.image);
    const params = { fingerprint: image.fingerprint };
    const answer = await context.client.raw('GET /1.0/images/{fingerprint}/export', { params });
    if (String(answer.headers['content-type']).startsWith('multipart/')) {
      throw new CliError('This image consists of two files, which this command cannot write yet', {
        help: 'incus image export',
      });
    }
    const given =
      /filename="?([^";/]+)"?/.exec(String(answer.headers['content-disposition'] ?? ''))?.[1] ?? image.fingerprint;
    const target = await targetOf(args.target, given);
    if (target === '-') return pipeline(answer, context.streams.stdout, { end: false });
    using task = context.task(context.texts('exporting', { name: args.image }));
    let received = 0;
    answer.on('data', (chunk: Buffer) => {
      received += chunk.length;
      task.update({ text: formatBytes(received), fraction: image.size > 0 ? received / image.size : undefined });
    });
    const partial = `${target}.part`;
    try {
      await pipeline(answer, createWriteStream(partial));
      await rename(partial, target);
    } catch (error) {
      await rm(partial, { force: true });
      throw new CliError(`Cannot write ${target}: ${(error as Error).message}`);
    }
    context.print(`${target}\n`);
  },
});

/** A name without an ending gets the one of the image's file. */
async function targetOf(target: string | undefined, given: string): Promise<string> {
  if (target === undefined) return given;
  if (target === '-') return target;
  const isDirectory = await stat(target).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isDirectory) return join(target, given);
  const ending = /(\.tar)?\.[a-z0-9]+$/.exec(given)?.[0] ?? '';
  return target.endsWith(ending) ? target : `${target}${ending}`;
}
