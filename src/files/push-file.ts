/**
 * Writing a guest's file. A replaced file is written aside and put in place by one rename: a push that fails, or a daemon
 * that dies, leaves the old one. Where the file system can, the new file has no name until it is complete.
 */
import { randomUUID } from 'node:crypto';
import { constants, fchmodSync, fsync, ftruncateSync, type Stats, write } from 'node:fs';
import { promisify } from 'node:util';
import type { FileOwner, GuestRoot } from '../core/ports/files.ts';
import { asCreator } from '../host/file-creator.ts';
import {
  changeOwner,
  createEntry,
  type Descriptor,
  linkInto,
  openUnnamed,
  removeEntry,
  renameEntry,
  reopen,
  statusOf,
} from '../host/openat.ts';
import { HostError } from '../lib/host-error.ts';
import { openIfThere, type Place, refuseKernelFiles } from './locate.ts';
import { refuse } from './refusal.ts';

const writeBytes = promisify(write);
const flush = promisify(fsync);

export type PushOptions = FileOwner & { append?: boolean; signal?: AbortSignal };

export async function writeFileAt(
  root: GuestRoot,
  place: Place,
  path: string,
  content: NodeJS.ReadableStream,
  options: PushOptions,
): Promise<void> {
  refuseKernelFiles(place.parent, path);
  using existing = openIfThere(place.parent, place.name);
  const old = existing && statusOf(existing);
  if (existing && old) {
    if (old.isDirectory()) throw refuse('is-a-directory', path, 'is a directory');
    if (old.isSymbolicLink()) throw refuse('loop', path, 'became a link while it was written');
    if (!old.isFile()) throw refuse('special', path, 'is a device, FIFO or socket');
    // A file may be mounted over another (lxcfs does so below /proc): the rename would meet EBUSY at the end.
    refuseKernelFiles(existing, path);
    if (options.append) return appendTo(root, existing, content, options);
  }
  await replace(root, place, old, content, options);
}

async function replace(
  root: GuestRoot,
  place: Place,
  old: Stats | undefined,
  content: NodeJS.ReadableStream,
  options: PushOptions,
): Promise<void> {
  const owner = hostOwner(root, options, old);
  const aside = `.gast-${randomUUID()}`;
  const unnamed = asCreator(owner, () => openUnnamed(place.parent));
  using file = unnamed ?? asCreator(owner, () => createEntry(place.parent, aside));
  try {
    await copyInto(file, content, options.signal);
    changeOwner(file, owner.uid, owner.gid);
    // After the owner: a change of owner takes the setuid bit away.
    fchmodSync(file.fd, options.mode ?? (old ? old.mode & 0o7777 : 0o644));
    await flush(file.fd);
    options.signal?.throwIfAborted();
    asCreator(owner, () => {
      if (unnamed) linkInto(file, place.parent, aside);
      renameEntry(place.parent, aside, place.parent, place.name);
    });
  } catch (error) {
    removeQuietly(place.parent, aside);
    throw error;
  }
}

async function appendTo(
  root: GuestRoot,
  existing: Descriptor,
  content: NodeJS.ReadableStream,
  options: PushOptions,
): Promise<void> {
  using file = reopen(existing, constants.O_WRONLY | constants.O_APPEND);
  const before = statusOf(file);
  let written = 0;
  try {
    written = await copyInto(file, content, options.signal, (bytes) => {
      written = bytes;
    });
  } catch (error) {
    // Only ours is taken back: when the guest wrote as well, nobody can tell the bytes apart.
    if (statusOf(file).size === before.size + written) ftruncateSync(file.fd, before.size);
    throw error;
  }
  if (options.uid !== undefined || options.gid !== undefined) {
    const owner = hostOwner(root, options, before);
    changeOwner(file, owner.uid, owner.gid);
  }
  if (options.mode !== undefined) fchmodSync(file.fd, options.mode);
}

/** Refuses owners and modes that a file inside cannot have. */
export function checkOwner({ range }: GuestRoot, path: string | Buffer, { uid, gid, mode }: FileOwner): void {
  for (const id of [uid, gid])
    if (id !== undefined && !(Number.isInteger(id) && id >= 0 && id < range.size))
      throw refuse('invalid', path, `owner ${id} is outside 0 to ${range.size - 1}, the guest's ids`);
  if (mode !== undefined && !(Number.isInteger(mode) && mode >= 0 && mode <= 0o7777))
    throw refuse('invalid', path, `mode ${mode} is not between 0 and 7777 (octal)`);
}

/** Host ids of the new file; without explicit ones those of the old file, else root's of the guest. */
export function hostOwner({ range }: GuestRoot, asked: FileOwner, old?: Stats): { uid: number; gid: number } {
  const known = (id: number) => (id >= range.base && id < range.base + range.size ? id : range.base);
  return {
    uid: asked.uid === undefined ? known(old?.uid ?? range.base) : range.base + asked.uid,
    gid: asked.gid === undefined ? known(old?.gid ?? range.base) : range.base + asked.gid,
  };
}

async function copyInto(
  file: Descriptor,
  content: NodeJS.ReadableStream,
  signal: AbortSignal | undefined,
  onBytes?: (total: number) => void,
): Promise<number> {
  // A silent sender would otherwise keep the loop waiting for ever.
  const onAbort = () => 'destroy' in content && (content as { destroy(error?: unknown): void }).destroy(signal?.reason);
  signal?.throwIfAborted();
  signal?.addEventListener('abort', onAbort, { once: true });
  let total = 0;
  try {
    for await (const piece of content) {
      const chunk = typeof piece === 'string' ? Buffer.from(piece) : piece;
      for (let at = 0; at < chunk.length; ) {
        const { bytesWritten } = await writeBytes(file.fd, chunk, at, chunk.length - at, null);
        at += bytesWritten;
        total += bytesWritten;
        onBytes?.(total);
      }
    }
    signal?.throwIfAborted();
    return total;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

function removeQuietly(parent: Descriptor, name: string): void {
  try {
    removeEntry(parent, name, 'other');
  } catch (error) {
    // Mostly it is not there; the error under way tells more than this one.
    if (!(error instanceof HostError)) throw error;
  }
}
