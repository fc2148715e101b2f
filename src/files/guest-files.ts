/** The files port: each request opens the guest's root anew, does one thing below it and closes everything. */
import { constants, createReadStream, fchmodSync } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { type FileOwner, FileRefused, type GuestFiles, type GuestRoot, type PulledFile } from '../core/ports/files.ts';
import { asCreator } from '../host/file-creator.ts';
import {
  type Descriptor,
  descriptorPath,
  linkTarget,
  makeDirectory,
  makeSymlink,
  openRootDirectory,
  reopen,
  statusOf,
} from '../host/openat.ts';
import { describe, findEntry, findPlace, openChild, openIfThere, type Place, refuseKernelFiles } from './locate.ts';
import { checkOwner, hostOwner, writeFileAt } from './push-file.ts';
import { explaining, refuse } from './refusal.ts';
import { removeAt } from './remove-entry.ts';
import { serveSftp } from './sftp/serve.ts';

/** More names than anybody reads; a guest could make millions to fill our memory. */
const entriesLimit = 200_000;

export function createGuestFiles(): GuestFiles {
  return {
    stat: (root, path) =>
      at(root, path, (top) => {
        using found = findEntry(top, path);
        return describe(root, path, statusOf(found));
      }),

    pull: (root, path) => at(root, path, (top) => pull(root, top, path)),

    pushFile: (root, path, content, options) =>
      at(root, path, async (top) => {
        checkOwner(root, path, options);
        using place = findPlace(top, path, true);
        await writeFileAt(root, place, path, content, options);
      }),

    pushDirectory: (root, path, owner) =>
      at(root, path, (top) => {
        checkOwner(root, path, owner);
        if (isDirectory(top, path)) return;
        using place = findPlace(top, path, false);
        refuseKernelFiles(place.parent, path);
        pushDirectory(root, place, owner);
      }),

    pushSymlink: (root, path, target, owner) =>
      at(root, path, (top) => {
        checkOwner(root, path, owner);
        if (target === '') throw refuse('invalid', path, 'a link needs a target');
        using place = findPlace(top, path, false);
        refuseKernelFiles(place.parent, path);
        pushSymlink(root, place, target, owner);
      }),

    remove: (root, path, options) =>
      at(root, path, async (top) => {
        using place = findPlace(top, path, false);
        await removeAt(place, path, { ...options, owner: hostOwner(root, {}) });
      }),

    checkSftp: async () => {},
    serveSftp,
  };
}

/** Opens the guest's root for one request; a root that has gone is the host's trouble, not a missing file. */
async function at<T>(root: GuestRoot, path: string, work: (top: Descriptor) => Promise<T> | T): Promise<T> {
  if (path.includes('\0')) throw refuse('invalid', path, 'holds a NUL byte');
  using top = openRootDirectory(root.path);
  return await explaining(path, () => work(top));
}

async function pull(root: GuestRoot, top: Descriptor, path: string): Promise<PulledFile> {
  using found = findEntry(top, path);
  const info = describe(root, path, statusOf(found));
  if (info.kind === 'symlink') return { ...info, kind: 'symlink', target: linkTarget(found) };
  if (info.kind === 'directory') return { ...info, kind: 'directory', entries: await entriesOf(found, path) };
  refuseKernelFiles(found, path);
  // The found object itself is opened: whatever has its name by now cannot make us wait.
  const file = reopen(found, constants.O_RDONLY);
  // No more than was announced, from a file that a guest goes on filling. Size 0 may have content (lxcfs below /proc).
  const end = info.sizeBytes > 0 ? { end: info.sizeBytes - 1 } : {};
  return { ...info, kind: 'file', content: createReadStream('', { fd: file.fd, autoClose: true, ...end }) };
}

async function entriesOf(found: Descriptor, path: string): Promise<string[]> {
  using readable = reopen(found, constants.O_RDONLY | constants.O_DIRECTORY);
  const entries: string[] = [];
  for await (const entry of await opendir(descriptorPath(readable), { bufferSize: 1024 })) {
    if (entries.length === entriesLimit) throw refuse('no-space', path, `has more than ${entriesLimit} entries`);
    entries.push(entry.name);
  }
  return entries.sort();
}

function isDirectory(top: Descriptor, path: string): boolean {
  try {
    using place = findPlace(top, path, true);
    using found = openIfThere(place.parent, place.name);
    return found !== undefined && statusOf(found).isDirectory();
  } catch (error) {
    // The path ends in `/`, `.` or `..`: a directory by its name, if it is there at all.
    if (!(error instanceof FileRefused && error.reason === 'is-a-directory')) throw error;
    using found = findEntry(top, path);
    return statusOf(found).isDirectory();
  }
}

function pushDirectory(root: GuestRoot, place: Place, owner: FileOwner): void {
  const ids = hostOwner(root, owner);
  asCreator(ids, () => makeDirectory(place.parent, place.name));
  using made = openChild(place.parent, place.name);
  const status = statusOf(made);
  // The guest may have put another one in its place; that one keeps its mode.
  if (!status.isDirectory() || status.uid !== ids.uid) return;
  using readable = reopen(made, constants.O_RDONLY | constants.O_DIRECTORY);
  fchmodSync(readable.fd, owner.mode ?? 0o755);
}

function pushSymlink(root: GuestRoot, place: Place, target: string, owner: FileOwner): void {
  using existing = openIfThere(place.parent, place.name);
  if (existing && statusOf(existing).isSymbolicLink() && linkTarget(existing) === target) return;
  asCreator(hostOwner(root, owner), () => makeSymlink(place.parent, place.name, target));
}
