/** Images of simplestreams servers. Sizes and hashes of the files are held while they flow. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { chooseImage } from '../../../lib/simplestreams/choose.ts';
import { parseIndex, parseProducts, type StreamFile, type StreamImage } from '../../../lib/simplestreams/products.ts';
import { textOf } from '../../../lib/streams.ts';
import { ImageRefused } from '../../ports/images.ts';
import { RemoteRefused } from '../../ports/remotes.ts';
import { counted, type FetchOptions, type FindNeeds, type RemoteImage } from './remote-image.ts';
import { addressOf, type RemoteSource } from './source.ts';

/** The largest lists in use have some 20 MiB. */
const listLimitBytes = 64 * 1024 * 1024;
const listsLimit = 20;

export async function findStreamImage(
  needs: FindNeeds,
  source: RemoteSource,
  signal: AbortSignal,
): Promise<RemoteImage> {
  const images = await readImages(needs, source, signal);
  const found = chooseImage(images, {
    name: source.name,
    type: source.type,
    architectures: needs.architectures,
  });
  if (!found) throw new RemoteRefused(404, `there is no image "${source.name}" for ${needs.facts.architecture}`);
  return {
    ...found,
    async fetch(files, options) {
      const streams = found.files.map((file) => lazily(() => fileBytes(needs, source, file, options)));
      const how = { expect: found.fingerprint, signal: options.signal };
      const [first, second] = streams;
      if (!first) throw new ImageRefused('broken', 'the image has no files');
      return files.receive(second ? { metadata: first, rootfs: second } : { unified: first }, how);
    },
  };
}

export async function readImages(
  needs: Pick<FindNeeds, 'remotes'>,
  source: Pick<RemoteSource, 'server' | 'certificate'>,
  signal: AbortSignal,
): Promise<StreamImage[]> {
  const paths = parseIndex(await readJson(needs, source, 'streams/v1/index.json', signal));
  const images: StreamImage[] = [];
  for (const path of paths.slice(0, listsLimit))
    images.push(...parseProducts(await readJson(needs, source, path, signal)));
  return images;
}

async function readJson(
  needs: Pick<FindNeeds, 'remotes'>,
  source: Pick<RemoteSource, 'server' | 'certificate'>,
  path: string,
  signal: AbortSignal,
): Promise<unknown> {
  const { body } = await open(needs, source, path, signal);
  const text = await textOf(body, listLimitBytes);
  try {
    return JSON.parse(text);
  } catch {
    throw new RemoteRefused(0, `${source.server}: ${path} is not JSON`);
  }
}

function open(
  { remotes }: Pick<FindNeeds, 'remotes'>,
  source: Pick<RemoteSource, 'server' | 'certificate'>,
  path: string,
  signal: AbortSignal,
) {
  const { folder, ...remote } = addressOf(source);
  const escaped = path.split('/').map(encodeURIComponent).join('/');
  return remotes.download(remote, { method: 'GET', path: `${folder}/${escaped}`, signal });
}

/** Opened when it is read: the second file would wait too long for the first. */
function lazily(bytes: () => AsyncIterable<Buffer>): NodeJS.ReadableStream {
  return Readable.from(bytes(), { objectMode: false });
}

async function* fileBytes(
  needs: FindNeeds,
  source: RemoteSource,
  file: StreamFile,
  { progress, signal }: FetchOptions,
): AsyncGenerator<Buffer> {
  const { body } = await open(needs, source, file.path, signal);
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of counted(body, progress)) {
    sizeBytes += chunk.length;
    if (sizeBytes > file.sizeBytes) throw mismatch(file, `more than the ${file.sizeBytes} bytes that were announced`);
    hash.update(chunk);
    yield chunk;
  }
  if (sizeBytes < file.sizeBytes) throw mismatch(file, `${sizeBytes} of ${file.sizeBytes} bytes`);
  if (hash.digest('hex') !== file.sha256) throw mismatch(file, 'not what its hash says');
}

function mismatch({ path }: StreamFile, why: string): ImageRefused {
  return new ImageRefused('mismatch', `${path}: ${why}`);
}
