/** The disk of an image as a qcow2 file of our own: it came by itself, beside its metadata, or in an archive with them. */
import { open, rm } from 'node:fs/promises';
import { freeBytes } from '../archives/store-stream.ts';
import { ImageRefused } from '../core/ports/images.ts';
import type { ArchiveKind } from '../lib/archive-magic.ts';
import { createTarScanner } from '../lib/tar-scan.ts';
import type { ImageRecord, ImageStore } from './image-store.ts';
import { openArchive, type TakingApart } from './open-archive.ts';
import { recordOf } from './receive.ts';

export type WriteDiskNeeds = {
  store: ImageStore;
  apart: TakingApart;
  importDisk(files: { source: string; target: string }, signal?: AbortSignal): Promise<unknown>;
};

/** `path` is not there yet. */
export async function writeDisk(
  { store, apart, importDisk }: WriteDiskNeeds,
  fingerprint: string,
  path: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const record = await recordOf(store, fingerprint);
  const part = diskPart(record);
  if (!part) throw new ImageRefused('unsupported', `image ${fingerprint.slice(0, 12)} has no disk of its own`);
  const { compression: form } = part;
  const kept = store.path(fingerprint, part.name);
  if (form === 'qcow2' || form === 'disk') return void (await importDisk({ source: kept, target: path }, signal));
  const taken = `${path}.rootfs.img`;
  try {
    await takeDisk(kept, form, taken, { apart, signal });
    await importDisk({ source: taken, target: path }, signal);
  } finally {
    await rm(taken, { force: true });
  }
}

function diskPart({ parts, type }: ImageRecord) {
  if (type !== 'virtual-machine') return undefined;
  return parts.find(({ name }) => name !== 'metadata');
}

/** The archive was checked when it came: one member of this name is in it. */
async function takeDisk(
  archive: string,
  form: Exclude<ArchiveKind, 'qcow2'>,
  target: string,
  { apart, signal }: { apart: TakingApart; signal: AbortSignal | undefined },
): Promise<void> {
  await using file = await open(target, 'wx', 0o600);
  let pieces: Buffer[] = [];
  let isDisk = false;
  const scanner = createTarScanner({
    member(member) {
      isDisk = /^(\.\/)?rootfs\.img$/.test(member.name) && member.kind === 'file';
      if (isDisk && member.sparse)
        throw new ImageRefused(
          'unsupported',
          'the image holds its disk as a sparse member',
          'pack it again without --sparse',
        );
    },
    data(piece) {
      if (isDisk) pieces.push(Buffer.from(piece));
    },
    memberEnd() {
      isDisk = false;
    },
  });
  const storedBytes = await freeBytes(archive);
  for await (const chunk of openArchive(archive, form, { apart, storedBytes, signal })) {
    scanner.push(chunk);
    for (const piece of pieces) await file.write(piece);
    pieces = [];
    signal?.throwIfAborted();
  }
  scanner.finish();
}
