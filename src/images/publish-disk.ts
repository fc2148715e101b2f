/**
 * Makes an image of a machine's disk: split, a packed metadata file and a qcow2 file, which is written where it stays. In one
 * archive, as Incus has it, each machine made of it would have to unpack the disk from that first.
 */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ImageMetadata, ImageRefused, type ReceivedImage } from '../core/ports/images.ts';
import { compressTo } from '../host/compress.ts';
import { explainDiskFull } from '../host/disk-full.ts';
import { packTar } from '../host/tar.ts';
import { HostError } from '../lib/host-error.ts';
import type { ImageRecord } from './image-store.ts';
import { knownCompression, type PublishOptions, writeTop } from './publish.ts';
import { type ReceiveNeeds, received } from './receive.ts';

export async function publishDisk(
  { store }: Pick<ReceiveNeeds, 'store'>,
  /** Puts a qcow2 file that stands alone at the path, where nothing is yet. */
  write: (path: string, form: { compressed: boolean }) => Promise<void>,
  metadata: ImageMetadata,
  options: PublishOptions,
): Promise<ReceivedImage> {
  const compression = knownCompression(options.compression);
  const { signal, progress } = options;
  await using work = await store.workFolder();
  const [about, disk] = [join(work.path, 'metadata'), join(work.path, 'rootfs')];
  await using top = await store.workFolder();
  const entries = await writeTop(top.path, metadata, options.templates ?? {});
  await compressTo(
    packTar([{ directory: top.path, entries }], { signal }),
    compression,
    createWriteStream(about),
    options,
  );
  progress?.('writing the disk');
  await write(disk, { compressed: compression !== 'none' }).catch((error: unknown) => refuseFull(error, work.path));
  progress?.('hashing');
  const hash = createHash('sha256');
  for (const path of [about, disk]) await hashFile(path, hash, signal);
  const record: ImageRecord = {
    type: 'virtual-machine',
    metadata,
    templates: options.templates ?? {},
    parts: [
      { name: 'metadata', compression, sizeBytes: await settle(about) },
      { name: 'rootfs', compression: 'qcow2', sizeBytes: await settle(disk) },
    ],
  };
  const fingerprint = hash.digest('hex');
  signal?.throwIfAborted();
  await store.keep(work.path, fingerprint, record);
  return received(fingerprint, (await store.record(fingerprint)) ?? record);
}

async function hashFile(path: string, hash: Hash, signal: AbortSignal | undefined): Promise<void> {
  const source = createReadStream(path, { highWaterMark: 1024 * 1024, ...(signal ? { signal } : {}) });
  for await (const chunk of source) hash.update(chunk);
}

/** Brings a file to the disk; gives its size. */
async function settle(path: string): Promise<number> {
  await using file = await open(path);
  await file.sync();
  return (await stat(path)).size;
}

function refuseFull(error: unknown, place: string): never {
  const said = explainDiskFull(error, place);
  if (!(said instanceof HostError) || (said.errno !== 'ENOSPC' && said.errno !== 'EDQUOT')) throw error;
  throw new ImageRefused('no-space', said.message, 'free some space, or delete images that are not needed');
}
