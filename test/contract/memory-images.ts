/** An images port for tests of the whole API without root: it keeps the received bytes and unpacks a tiny tree. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { type ImageFiles, type ImageMetadata, ImageRefused, type ReceivedImage } from '../../src/core/ports/images.ts';
import { parseMetadata } from '../../src/images/metadata.ts';
import { createTarScanner } from '../../src/lib/tar-scan.ts';

type Kept = { image: ReceivedImage; parts: { name: string; bytes: Buffer }[]; templates: Record<string, string> };

export function createMemoryImages(): ImageFiles {
  const kept = new Map<string, Kept>();
  // `files` promises paths, so given out images are written down; the process takes the folder with it.

  function find(fingerprint: string): Kept {
    const found = kept.get(fingerprint);
    if (!found) throw new ImageRefused('not-found', `image ${fingerprint.slice(0, 12)} has no files here`);
    return found;
  }

  const receive: ImageFiles['receive'] = async (parts, { expect, signal }) => {
    const named = parts.unified ? [parts.unified] : [parts.metadata, parts.rootfs];
    const bytes: Buffer[] = [];
    for (const stream of named) if (stream) bytes.push(await read(stream, signal));
    const hash = createHash('sha256');
    for (const piece of bytes) hash.update(piece);
    const fingerprint = hash.digest('hex');
    if (expect !== undefined && expect !== fingerprint)
      throw new ImageRefused('mismatch', `the image has the fingerprint ${fingerprint}, expected was ${expect}`);
    const sizeBytes = bytes.reduce((sum, piece) => sum + piece.length, 0);
    if (sizeBytes === 0) throw new ImageRefused('broken', 'the image is empty');
    const image = {
      fingerprint,
      sizeBytes,
      split: bytes.length > 1,
      type: 'container' as const,
      metadata: metadataOf(bytes[0]),
    };
    kept.set(fingerprint, {
      image,
      parts: bytes.map((piece, i) => ({ name: `part${i}`, bytes: piece })),
      templates: {},
    });
    return image;
  };

  return {
    receive,
    list: async () => [...kept.keys()].sort(),
    async remove(fingerprint) {
      kept.delete(fingerprint);
    },
    async files(fingerprint) {
      const { parts } = find(fingerprint);
      return parts.map(({ bytes }, i) => ({
        name: `${parts.length > 1 && i === 0 ? 'meta-' : ''}${fingerprint}.tar`,
        sizeBytes: bytes.length,
        open: () => Readable.from([bytes]),
      }));
    },
    async unpack(fingerprint, directory, { progress, signal }) {
      find(fingerprint);
      signal?.throwIfAborted();
      progress?.('unpacking');
      await mkdir(join(directory, 'etc'), { recursive: true });
      await writeFile(join(directory, 'etc/os-release'), 'ID=memory\n');
    },
    async writeDisk(fingerprint) {
      find(fingerprint);
      throw new ImageRefused('unsupported', 'this image has no disk');
    },
    template: async (fingerprint, name) => {
      const { templates } = find(fingerprint);
      return Object.hasOwn(templates, name) ? templates[name] : undefined;
    },
    async publish(rootfs, metadata, { templates, signal }) {
      signal?.throwIfAborted();
      const bytes = Buffer.from(JSON.stringify({ rootfs, metadata, templates }));
      const fingerprint = createHash('sha256').update(bytes).digest('hex');
      const image = { fingerprint, sizeBytes: bytes.length, split: false, type: 'container' as const, metadata };
      kept.set(fingerprint, { image, parts: [{ name: 'unified', bytes }], templates: templates ?? {} });
      return image;
    },
    async publishDisk(write, metadata, { compression, templates, signal }) {
      signal?.throwIfAborted();
      const room = mkdtempSync(join(tmpdir(), 'memory-images-'));
      try {
        await write(join(room, 'disk'), { compressed: compression !== 'none' });
        const parts = [
          { name: 'metadata', bytes: Buffer.from(JSON.stringify({ metadata, templates })) },
          { name: 'rootfs', bytes: readFileSync(join(room, 'disk')) },
        ];
        const hash = createHash('sha256');
        for (const { bytes } of parts) hash.update(bytes);
        const fingerprint = hash.digest('hex');
        const sizeBytes = parts.reduce((sum, { bytes }) => sum + bytes.length, 0);
        const image = { fingerprint, sizeBytes, split: true, type: 'virtual-machine' as const, metadata };
        kept.set(fingerprint, { image, parts, templates: templates ?? {} });
        return image;
      } finally {
        rmSync(room, { recursive: true, force: true });
      }
    },
    recipes: () => [
      { alias: 'debian/12', description: 'Debian 12 (bookworm)', architecture: 'x86_64', types: ['container'] },
    ],
    async build(alias, { progress, signal }) {
      if (alias !== 'debian/12') throw new ImageRefused('not-found', `there is no recipe for ${JSON.stringify(alias)}`);
      signal?.throwIfAborted();
      progress?.('downloading packages');
      const stream = (text: string) => new Blob([text]).stream() as unknown as NodeJS.ReadableStream;
      return receive({ metadata: stream(`metadata ${alias}`), rootfs: stream(`rootfs ${alias}`) }, {});
    },
    sweep: async () => [],
  };
}

async function read(stream: NodeJS.ReadableStream, signal: AbortSignal | undefined): Promise<Buffer> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    signal?.throwIfAborted();
    return await Promise.race([buffer(stream), aborted.promise]);
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

/** That of an uncompressed tar which has one; otherwise something plausible. */
function metadataOf(bytes: Buffer | undefined): ImageMetadata {
  let text = '';
  let inside = false;
  const scanner = createTarScanner({
    member: ({ name }) => {
      inside = name === 'metadata.yaml';
    },
    data: (piece) => {
      if (inside) text += piece.toString();
    },
  });
  try {
    scanner.push(bytes ?? Buffer.alloc(0));
    return parseMetadata(text, undefined);
  } catch {
    return parseMetadata('architecture: x86_64\ncreation_date: 1700000000\nproperties: {os: Memory}', undefined);
  }
}
