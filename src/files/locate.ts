/**
 * Finding things in a guest's root. The guest may rearrange everything while we look: what is found is held open, and
 * whatever is decided is decided about the open object, never about its name.
 */
import type { Stats } from 'node:fs';
import type { FileInfo, FileKind, GuestRoot } from '../core/ports/files.ts';
import {
  type Descriptor,
  type EntryName,
  fileSystemType,
  linkTargetBytes,
  noFollow,
  openDirectory,
  openEntry,
  openInside,
  openPath,
  statusOf,
} from '../host/openat.ts';
import { HostError } from '../lib/host-error.ts';
import { refuse } from './refusal.ts';

/** A directory of the guest and an entry in it, which need not exist. */
export type Place = Disposable & { parent: Descriptor; name: Buffer };

/** The object itself, a link not followed at the end; its data is not touched (O_PATH). */
export function findEntry(root: Descriptor, path: EntryName): Descriptor {
  return openInside(root, bytes(inner(characters(path))), openPath | noFollow);
}

/** What the path leads to, links followed to the end. */
export function findTarget(root: Descriptor, path: EntryName): Descriptor {
  return openInside(root, bytes(inner(characters(path))), openPath);
}

/** Where `path` would be made. With `follow`, a link there (even a dangling one) leads on to its target's place. */
export function findPlace(root: Descriptor, path: EntryName, follow: boolean): Place {
  let current = inner(characters(path));
  for (let links = 0; links < 40; links++) {
    const { directory, name } = split(current, path);
    const parent = openInside(root, bytes(directory), openPath | openDirectory);
    const target = follow ? targetAt(parent, bytes(name)) : undefined;
    if (target === undefined) return { parent, name: bytes(name), [Symbol.dispose]: () => parent[Symbol.dispose]() };
    parent[Symbol.dispose]();
    current = target.startsWith('/') ? inner(target) : `${directory}/${target}`;
  }
  throw refuse('loop', path, 'too many links');
}

/** Paths are bytes; as a string with one character for each of them they can be cut and joined. */
const characters = (path: EntryName) => Buffer.from(path as string).toString('latin1');
const bytes = (path: string) => Buffer.from(path, 'latin1');

function inner(path: string): string {
  // Absolute or not, it starts at the root: `openat2` would refuse neither, but "" means nothing to it.
  const bare = path.replace(/^\/+/, '');
  return bare === '' ? '.' : bare;
}

function split(current: string, path: EntryName): { directory: string; name: string } {
  const bare = withoutEnd(current);
  const at = bare.lastIndexOf('/');
  const name = bare.slice(at + 1);
  if (name === '' || name === '.' || name === '..')
    throw refuse('is-a-directory', path, 'names a directory, not something in one');
  return { directory: at < 0 ? '.' : bare.slice(0, at), name };
}

/** Without slashes and `/.` at the end. A pattern for it would take exponential time over many slashes. */
function withoutEnd(path: string): string {
  let end = path.length;
  for (; end > 0; end--) if (path[end - 1] !== '/' && !(path[end - 1] === '.' && path[end - 2] === '/')) break;
  return path.slice(0, end);
}

function targetAt(parent: Descriptor, name: Buffer): string | undefined {
  using entry = openIfThere(parent, name);
  return entry && statusOf(entry).isSymbolicLink() ? linkTargetBytes(entry).toString('latin1') : undefined;
}

/** The entry as it is, also when something is mounted over it. */
export function openIfThere(parent: Descriptor, name: EntryName): Descriptor | undefined {
  try {
    return openInside(parent, name, openPath | noFollow);
  } catch (error) {
    if (error instanceof HostError && error.errno === 'ENOENT') return undefined;
    throw error;
  }
}

export function openChild(parent: Descriptor, name: EntryName): Descriptor {
  return openEntry(parent, name, openPath | noFollow);
}

const nobody = 65_534;

/** Undefined for devices, FIFOs and sockets. */
export function kindOf(status: Stats): FileKind | undefined {
  if (status.isFile()) return 'file';
  if (status.isDirectory()) return 'directory';
  return status.isSymbolicLink() ? 'symlink' : undefined;
}

export function describe(root: GuestRoot, path: string, status: Stats): FileInfo {
  const kind = kindOf(status);
  if (!kind) throw refuse('special', path, 'is a device, FIFO or socket');
  return {
    kind,
    ...ownerInside(root, status),
    mode: status.mode & 0o7777,
    sizeBytes: status.size,
    modified: status.mtime,
  };
}

/** Owners as the guest sees them. */
export function ownerInside({ range }: GuestRoot, { uid, gid }: Stats): { uid: number; gid: number } {
  const inside = (id: number) => {
    const own = id - range.base;
    return own >= 0 && own < range.size ? own : nobody;
  };
  return { uid: inside(uid), gid: inside(gid) };
}

/** File systems whose files are the kernel's controls and memory: proc, sysfs, cgroup, debugfs, tracefs, bpf and so on. */
const kernelTypes = new Set([
  0x9fa0, 0x62656572, 0x27e0eb, 0x63677270, 0x64626720, 0x74726163, 0x73636673, 0xcafe4a11, 0x19800202, 0xde5e81e4,
  0x62656570, 0x6c6f6f70, 0x1cd1, 0xf97cff8c, 0x43415d53, 0x6165676c, 0x7655821, 0x42494e4d, 0x187, 0x6e736673,
  0x50494446, 0x958458f6,
]);

/**
 * We are host root: a write to the guest's /proc/sys or a look into its /proc/kcore would be done with the host's power
 * on behalf of whoever may use this guest.
 */
export function refuseKernelFiles(found: Descriptor, path: EntryName): void {
  if (kernelTypes.has(fileSystemType(found)))
    throw refuse('special', path, 'is on a file system of the kernel, such as /proc or /sys');
}
