/** Makes a unified image of a guest's root file system: metadata.yaml, templates/, rootfs/, in an order that never changes. */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ImageMetadata, ImageRefused, type Progress, type ReceivedImage } from '../core/ports/images.ts';
import { compressTo } from '../host/compress.ts';
import { giveToRoot } from '../host/copy-tree.ts';
import { packTar } from '../host/tar.ts';
import { formatMetadata, isTemplateName } from './metadata.ts';
import { type ReceiveNeeds, receiveImage } from './receive.ts';

export type PublishOptions = {
  compression: string;
  templates?: Record<string, string>;
  progress?: Progress;
  signal?: AbortSignal;
};

const compressions = ['none', 'gzip', 'xz', 'bzip2', 'zstd'] as const;

export async function publishImage(
  needs: ReceiveNeeds,
  rootfs: string,
  metadata: ImageMetadata,
  options: PublishOptions,
): Promise<ReceivedImage> {
  const compression = knownCompression(options.compression);
  await using work = await needs.store.workFolder();
  const entries = await writeTop(join(work.path, 'top'), metadata, options.templates ?? {});
  const path = join(work.path, 'image');
  const packed = packTar(
    [
      { directory: join(work.path, 'top'), entries },
      { directory: rootfs, entries: ['.'], prefix: 'rootfs' },
    ],
    { signal: options.signal, exclude: ['./dev/*'] },
  );
  await compressTo(counted(packed, options.progress), compression, createWriteStream(path, { mode: 0o600 }), options);
  const signal = options.signal ? { signal: options.signal } : {};
  return receiveImage(needs, { unified: createReadStream(path) }, signal);
}

export function knownCompression(said: string): (typeof compressions)[number] {
  const compression = compressions.find((name) => name === (said || 'gzip'));
  if (compression) return compression;
  throw new ImageRefused(
    'unsupported',
    `compression ${JSON.stringify(said)} is not known`,
    `use one of ${compressions.join(', ')}`,
  );
}

export async function writeTop(
  top: string,
  metadata: ImageMetadata,
  templates: Record<string, string>,
): Promise<string[]> {
  await mkdir(join(top, 'templates'), { recursive: true });
  await writeFile(join(top, 'metadata.yaml'), formatMetadata(metadata), { mode: 0o644 });
  for (const [name, text] of Object.entries(templates)) {
    if (!isTemplateName(name)) throw new ImageRefused('broken', `template ${JSON.stringify(name)} is not a file name`);
    await writeFile(join(top, 'templates', name), text, { mode: 0o644 });
  }
  const entries = ['metadata.yaml', 'templates'];
  const files = [...entries, ...Object.keys(templates).map((name) => join('templates', name))];
  await giveToRoot(top);
  // Publishing the same guest again gives the same bytes.
  for (const name of files) await utimes(join(top, name), metadata.creationDate, metadata.creationDate);
  return entries;
}

async function* counted(source: AsyncIterable<Buffer>, progress?: Progress): AsyncGenerator<Buffer> {
  let bytes = 0;
  let told = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes - told >= 20_000_000) {
      told = bytes;
      progress?.(`packing: ${Math.floor(bytes / 1_000_000)} MB`);
    }
    yield chunk;
  }
}
