/** What SFTP does to names in a guest's root: each call finds anew, holds what it found, and decides about that. */
import { chmodSync, constants, fchmodSync, statfsSync, utimesSync } from 'node:fs';
import type { GuestRoot } from '../../core/ports/files.ts';
import { asCreator } from '../../host/file-creator.ts';
import {
  changeOwner,
  createEntry,
  type Descriptor,
  descriptorPath,
  linkInto,
  makeDirectory,
  makeSymlink,
  openDirectory,
  removeEntry,
  renameEntry,
  renameToFree,
  reopen,
  statusOf,
} from '../../host/openat.ts';
import { HostError } from '../../lib/host-error.ts';
import { findEntry, findPlace, findTarget, openChild, openIfThere, ownerInside, refuseKernelFiles } from '../locate.ts';
import { checkOwner, hostOwner } from '../push-file.ts';
import { refuse } from '../refusal.ts';
import type { Attributes, Status } from './attributes.ts';
import { openFlags } from './wire.ts';

/** The guest, and its root held open as long as the client is there. */
export type Tree = { root: GuestRoot; top: Descriptor };

export function statusInside({ root }: Tree, found: Descriptor): Status {
  const status = statusOf(found);
  return {
    sizeBytes: status.size,
    ...ownerInside(root, status),
    mode: status.mode,
    accessedSeconds: status.atimeMs / 1000,
    modifiedSeconds: status.mtimeMs / 1000,
  };
}

export function statusAt(tree: Tree, path: Buffer, follow: boolean): Status {
  using found = follow ? findTarget(tree.top, path) : findEntry(tree.top, path);
  return statusInside(tree, found);
}

/** A regular file for reading or writing, or a directory that is only looked at; made when the flags ask for it. */
export function openFile(tree: Tree, path: Buffer, flags: number, attributes: Attributes): Descriptor {
  const { read, write, append, create } = openFlags;
  const writes = (flags & (write | append)) !== 0;
  const access = !writes ? constants.O_RDONLY : flags & read ? constants.O_RDWR : constants.O_WRONLY;
  const mode = access | (flags & append ? constants.O_APPEND : 0);
  checkAttributes(tree, path, attributes);
  if (!(flags & create)) {
    using found = findTarget(tree.top, path);
    // Clients open what they pull before they ask what it is.
    if (statusOf(found).isDirectory() && !writes) return reopen(found, constants.O_RDONLY | openDirectory);
    return reopenFile(found, path, mode);
  }
  const exclusive = (flags & openFlags.exclusive) !== 0;
  using place = findPlace(tree.top, path, !exclusive);
  refuseKernelFiles(place.parent, path);
  using existing = openIfThere(place.parent, place.name);
  if (existing && exclusive) throw refuse('exists', path, 'exists already');
  if (existing) return reopenFile(existing, path, mode);
  using made = asCreator(hostOwner(tree.root, {}), () => createEntry(place.parent, place.name));
  fchmodSync(made.fd, 0o644);
  change(tree, path, made, attributes);
  return reopen(made, mode);
}

function reopenFile(found: Descriptor, path: Buffer, mode: number): Descriptor {
  const status = statusOf(found);
  if (status.isDirectory()) throw refuse('is-a-directory', path, 'is a directory');
  if (status.isSymbolicLink()) throw refuse('loop', path, 'is a link');
  if (!status.isFile()) throw refuse('special', path, 'is a device, FIFO or socket');
  refuseKernelFiles(found, path);
  return reopen(found, mode);
}

export function openFolder(tree: Tree, path: Buffer): Descriptor {
  using found = findTarget(tree.top, path);
  if (!statusOf(found).isDirectory()) throw refuse('not-a-directory', path, 'is not a directory');
  return reopen(found, constants.O_RDONLY | openDirectory);
}

/** The entry as it is; undefined when it has gone meanwhile or cannot be looked at. */
export function statusOfEntry(tree: Tree, folder: Descriptor, name: Buffer): Status | undefined {
  try {
    using entry = openIfThere(folder, name);
    return entry && statusInside(tree, entry);
  } catch (error) {
    if (error instanceof HostError) return undefined;
    throw error;
  }
}

export function changeAt(tree: Tree, path: Buffer, attributes: Attributes): void {
  checkAttributes(tree, path, attributes);
  using found = findTarget(tree.top, path);
  change(tree, path, found, attributes);
}

/** `found` may be a mere place (O_PATH): what is set is set through its own path below /proc. */
export function change(tree: Tree, path: Buffer, found: Descriptor, attributes: Attributes): void {
  const { owner, mode, times } = attributes;
  checkAttributes(tree, path, attributes);
  refuseKernelFiles(found, path);
  const status = statusOf(found);
  if (!status.isFile() && !status.isDirectory()) throw refuse('special', path, 'is a device, FIFO or socket');
  if (owner) {
    const ids = hostOwner(tree.root, owner);
    changeOwner(found, ids.uid, ids.gid);
  }
  // After the owner: a change of owner takes the setuid bit away.
  if (mode !== undefined) chmodSync(descriptorPath(found), mode);
  if (times) utimesSync(descriptorPath(found), times.accessedSeconds, times.modifiedSeconds);
}

function checkAttributes({ root }: Tree, path: Buffer, { owner, mode }: Attributes): void {
  checkOwner(root, path, { ...owner, ...(mode === undefined ? {} : { mode }) });
}

export function makeFolder(tree: Tree, path: Buffer, attributes: Attributes): void {
  checkAttributes(tree, path, attributes);
  using place = findPlace(tree.top, path, false);
  refuseKernelFiles(place.parent, path);
  const ids = hostOwner(tree.root, {});
  asCreator(ids, () => makeDirectory(place.parent, place.name));
  using made = openChild(place.parent, place.name);
  const status = statusOf(made);
  // The guest may have put another one in its place; that one keeps its mode.
  if (status.isDirectory() && status.uid === ids.uid) change(tree, path, made, { mode: 0o755, ...attributes });
}

export function removeName(tree: Tree, path: Buffer, kind: 'directory' | 'other'): void {
  using place = findPlace(tree.top, path, false);
  refuseKernelFiles(place.parent, path);
  removeEntry(place.parent, place.name, kind);
}

export function renamePath(tree: Tree, from: Buffer, to: Buffer, replace: boolean): void {
  using source = findPlace(tree.top, from, false);
  using target = findPlace(tree.top, to, false);
  refuseKernelFiles(source.parent, from);
  refuseKernelFiles(target.parent, to);
  const rename = replace ? renameEntry : renameToFree;
  asCreator(hostOwner(tree.root, {}), () => rename(source.parent, source.name, target.parent, target.name));
}

export function linkPath(tree: Tree, from: Buffer, to: Buffer): void {
  using found = findEntry(tree.top, from);
  if (!statusOf(found).isFile()) throw refuse('special', from, 'is not a regular file');
  refuseKernelFiles(found, from);
  using place = findPlace(tree.top, to, false);
  refuseKernelFiles(place.parent, to);
  linkInto(found, place.parent, place.name);
}

export function makeLink(tree: Tree, target: Buffer, path: Buffer): void {
  if (target.length === 0) throw refuse('invalid', path, 'a link needs a target');
  using place = findPlace(tree.top, path, false);
  refuseKernelFiles(place.parent, path);
  asCreator(hostOwner(tree.root, {}), () => makeSymlink(place.parent, place.name, target));
}

export type Space = {
  blockBytes: number;
  blocks: number;
  free: number;
  available: number;
  files: number;
  freeFiles: number;
};

export function spaceAt(tree: Tree, path: Buffer): Space {
  using found = findTarget(tree.top, path);
  const space = statfsSync(descriptorPath(found));
  return {
    blockBytes: space.bsize,
    blocks: space.blocks,
    free: space.bfree,
    available: space.bavail,
    files: space.files,
    freeFiles: space.ffree,
  };
}
