/**
 * Finding things in a guest's root. The guest may rearrange everything while we look: what is found is held open, and
 * whatever is decided is decided about the open object, never about its name.
 */
import type { Stats } from 'node:fs';
import type { FileInfo, FileKind, GuestRoot } from '../core/ports/files.ts';
import {
  type Descriptor,
  fileSystemType,
  linkTarget,
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
export type Place = Disposable & { parent: Descriptor; name: string };

/** The object itself, a link not followed at the end; its data is not touched (O_PATH). */
export function findEntry(root: Descriptor, path: string): Descriptor {
  return openInside(root, inner(path), openPath | noFollow);
}

/** Where `path` would be made. With `follow`, a link there (even a dangling one) leads on to its target's place. */
export function findPlace(root: Descriptor, path: string, follow: boolean): Place {
  let current = inner(path);
  for (let links = 0; links < 40; links++) {
    const { directory, name } = split(current, path);
    const parent = openInside(root, directory, openPath | openDirectory);
    const target = follow ? targetAt(parent, name) : undefined;
    if (target === undefined) return { parent, name, [Symbol.dispose]: () => parent[Symbol.dispose]() };
    parent[Symbol.dispose]();
    current = target.startsWith('/') ? inner(target) : `${directory}/${target}`;
  }
  throw refuse('loop', path, 'too many links');
}

function inner(path: string): string {
  // Absolute or not, it starts at the root: `openat2` would refuse neither, but "" means nothing to it.
  const bare = path.replace(/^\/+/, '');
  return bare === '' ? '.' : bare;
}

function split(current: string, path: string): { directory: string; name: string } {
  const bare = current.replace(/(\/+\.?)+$/, '');
  const at = bare.lastIndexOf('/');
  const name = bare.slice(at + 1);
  if (name === '' || name === '.' || name === '..')
    throw refuse('is-a-directory', path, 'names a directory, not something in one');
  return { directory: at < 0 ? '.' : bare.slice(0, at), name };
}

function targetAt(parent: Descriptor, name: string): string | undefined {
  using entry = openIfThere(parent, name);
  return entry && statusOf(entry).isSymbolicLink() ? linkTarget(entry) : undefined;
}

/** The entry as it is, also when something is mounted over it. */
export function openIfThere(parent: Descriptor, name: string): Descriptor | undefined {
  try {
    return openInside(parent, name, openPath | noFollow);
  } catch (error) {
    if (error instanceof HostError && error.errno === 'ENOENT') return undefined;
    throw error;
  }
}

export function openChild(parent: Descriptor, name: string | Buffer): Descriptor {
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
  const inside = (id: number) => {
    const own = id - root.range.base;
    return own >= 0 && own < root.range.size ? own : nobody;
  };
  return {
    kind,
    uid: inside(status.uid),
    gid: inside(status.gid),
    mode: status.mode & 0o7777,
    sizeBytes: status.size,
    modified: status.mtime,
  };
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
export function refuseKernelFiles(found: Descriptor, path: string): void {
  if (kernelTypes.has(fileSystemType(found)))
    throw refuse('special', path, 'is on a file system of the kernel, such as /proc or /sys');
}
