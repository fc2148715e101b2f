/** One way in for every image, uploaded, published or built: store, hash, check, keep. All or nothing. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type ArchiveLimits, defaultLimits } from '../archives/check-members.ts';
import { freeBytes, storeStream } from '../archives/store-stream.ts';
import { ImageRefused, type Progress, type ReceivedImage } from '../core/ports/images.ts';
import { bareDisk, type DiskReader, metadataOfDisk } from './bare-disk.ts';
import { imageArchive } from './image-archive.ts';
import { type ImageRecord, type ImageStore, notFound, type PartName } from './image-store.ts';
import { parseMetadata } from './metadata.ts';
import type { TakingApart } from './open-archive.ts';
import { type ArchiveContent, scanArchive } from './scan-archive.ts';

export type ReceiveParts = {
  metadata?: NodeJS.ReadableStream;
  rootfs?: NodeJS.ReadableStream;
  unified?: NodeJS.ReadableStream;
};
export type ReceiveOptions = { expect?: string; progress?: Progress; signal?: AbortSignal };
export type ReceiveNeeds = {
  store: ImageStore;
  limits: Partial<ArchiveLimits>;
  architecture: string | undefined;
  apart: TakingApart;
  disks: DiskReader;
};

export async function receiveImage(
  { store, limits, architecture, apart, disks }: ReceiveNeeds,
  parts: ReceiveParts,
  options: ReceiveOptions,
): Promise<ReceivedImage> {
  const sources = sourcesOf(parts);
  // A sender may fail before its stream is read; reading it then tells the error, nobody else must.
  for (const { stream } of sources) stream.on('error', () => {});
  const hash = createHash('sha256');
  await using work = await store.workFolder();
  const stored: { name: PartName; sizeBytes: number }[] = [];
  for (const { name, stream } of sources)
    stored.push({
      name,
      sizeBytes: await storeStream(stream, join(work.path, name), hash, imageArchive, { ...shown(name, options) }),
    });
  const fingerprint = hash.digest('hex');
  if (options.expect !== undefined && options.expect !== fingerprint)
    throw new ImageRefused('mismatch', `the image has the fingerprint ${fingerprint}, expected was ${options.expect}`);
  const known = await store.record(fingerprint);
  if (known) return received(fingerprint, known);
  options.progress?.('checking');
  const room = await freeBytes(work.path);
  const bounds = { ...defaultLimits, ...limits, storedBytes: Math.min(limits.storedBytes ?? room, room) };
  const record: ImageRecord = { metadata: parseMetadata('architecture: x86_64', undefined), templates: {}, parts: [] };
  let text: string | undefined;
  for (const { name, sizeBytes } of stored) {
    const rootPrefix = { unified: 'rootfs', rootfs: '', metadata: undefined }[name];
    const { signal } = options;
    const disk = name === 'metadata' ? undefined : await bareDisk(join(work.path, name), disks);
    if (disk) {
      record.type = 'virtual-machine';
      record.parts.push({ name, compression: disk.form, sizeBytes });
      if (name === 'unified') record.metadata = metadataOfDisk(disk, architecture);
      continue;
    }
    const content = await scanArchive(join(work.path, name), { rootPrefix, limits: bounds, apart, signal });
    if (name !== 'metadata' && content.hasDisk && content.rootMembers === 0) record.type = 'virtual-machine';
    else requireRoot(name, content);
    text ??= content.metadata;
    if (name !== 'rootfs') record.templates = content.templates;
    record.parts.push({ name, compression: content.form, sizeBytes });
    // The root file system of a split image may hold a file of that name; it means nothing.
    if (name !== 'rootfs') record.metadata = parseMetadata(required(text), architecture);
  }
  options.signal?.throwIfAborted();
  await store.keep(work.path, fingerprint, record);
  return received(fingerprint, (await store.record(fingerprint)) ?? record);
}

export async function recordOf(store: ImageStore, fingerprint: string): Promise<ImageRecord> {
  const record = await store.record(fingerprint);
  if (!record) throw notFound(fingerprint);
  return record;
}

function sourcesOf(parts: ReceiveParts): { name: PartName; stream: NodeJS.ReadableStream }[] {
  if (parts.unified && !parts.metadata && !parts.rootfs) return [{ name: 'unified', stream: parts.unified }];
  if (!parts.unified && parts.metadata && parts.rootfs)
    return [
      { name: 'metadata', stream: parts.metadata },
      { name: 'rootfs', stream: parts.rootfs },
    ];
  throw new ImageRefused('broken', 'an image is one unified file, or a metadata file and a root file system file');
}

function shown(name: PartName, { progress, signal }: ReceiveOptions) {
  let lastMegabytes = 0;
  const onBytes = (sizeBytes: number) => {
    const megabytes = Math.floor(sizeBytes / 1_000_000);
    if (megabytes < lastMegabytes + 5) return;
    lastMegabytes = megabytes;
    progress?.(`receiving ${name === 'unified' ? 'image' : name}: ${megabytes} MB`);
  };
  return { onBytes, signal };
}

function requireRoot(name: PartName, content: ArchiveContent): void {
  if (name === 'unified' && content.rootMembers === 0)
    throw new ImageRefused('broken', 'the image has no rootfs/', 'a split image is sent as two files');
  if (name === 'rootfs' && content.rootMembers === 0) throw new ImageRefused('broken', 'the root file system is empty');
}

function required(text: string | undefined): string {
  if (text === undefined) throw new ImageRefused('broken', 'the image has no metadata.yaml');
  return text;
}

export function received(fingerprint: string, record: ImageRecord): ReceivedImage {
  return {
    fingerprint,
    sizeBytes: record.parts.reduce((sum, part) => sum + part.sizeBytes, 0),
    split: record.parts.length > 1,
    type: record.type ?? 'container',
    metadata: record.metadata,
  };
}
