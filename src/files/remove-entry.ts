/**
 * Removing from a guest's root. Nothing is followed: every directory is opened as an entry of one that is already open,
 * so a guest that swaps directories for links meanwhile loses nothing but its own. Mount points are left alone.
 */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { asCreator } from '../host/file-creator.ts';
import { type Descriptor, descriptorPath, removeEntry, renameEntry, reopen, statusOf } from '../host/openat.ts';
import { HostError } from '../lib/host-error.ts';
import { openChild, type Place, refuseKernelFiles } from './locate.ts';
import { refuse } from './refusal.ts';

/** Deeper directories are first moved up, so that no tree needs more descriptors than this. */
const deepest = 100;
/** A guest that makes files as fast as we remove them must not keep us for ever. */
const rounds = 1000;

export async function removeAt(
  place: Place,
  path: string,
  options: { recursive?: boolean; owner: { uid: number; gid: number } },
): Promise<void> {
  refuseKernelFiles(place.parent, path);
  if (!isDirectory(place.parent, place.name)) return removeEntry(place.parent, place.name, 'other');
  if (options.recursive) {
    using top = openChild(place.parent, place.name);
    refuseKernelFiles(top, path);
    for (let round = 0; await empty({ top, owner: options.owner }, top, 0); round++)
      if (round === rounds) throw refuse('not-empty', path, 'files appear as fast as they are removed');
  }
  removeEntry(place.parent, place.name, 'directory');
}

function isDirectory(parent: Descriptor, name: string | Buffer): boolean {
  using entry = openChild(parent, name);
  return statusOf(entry).isDirectory();
}

type Removal = { top: Descriptor; owner: { uid: number; gid: number } };

/** Tells whether there was anything. */
async function empty(removal: Removal, directory: Descriptor, depth: number): Promise<boolean> {
  using readable = reopen(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  const names = await readdir(descriptorPath(readable), { encoding: 'buffer' });
  for (const name of names) await removeChild(removal, directory, name, depth);
  return names.length > 0;
}

async function removeChild(removal: Removal, directory: Descriptor, name: Buffer, depth: number): Promise<void> {
  if (tried(directory, name, 'other') || tried(directory, name, 'directory')) return;
  if (depth === deepest) {
    asCreator(removal.owner, () => renameEntry(directory, name, removal.top, `.gast-${randomUUID()}`));
    return;
  }
  using child = openChild(directory, name);
  for (let round = 0; round < rounds && (await empty(removal, child, depth + 1)); round++);
  removeEntry(directory, name, 'directory');
}

/** False when it is a directory (or not an empty one); a name that has gone is as good as removed. */
function tried(directory: Descriptor, name: Buffer, kind: 'directory' | 'other'): boolean {
  try {
    removeEntry(directory, name, kind);
    return true;
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    if (error.errno === 'ENOENT') return true;
    if (['EISDIR', 'EPERM', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(error.errno ?? '')) return false;
    throw error;
  }
}
