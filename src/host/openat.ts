/**
 * Working with files below a directory that somebody hostile may rearrange at any moment: `openat2` resolves every path
 * inside that root, descriptors stand for what was found, and changes name one entry of one opened directory.
 */
import { closeSync, constants, fstatSync, openSync, readlinkSync, type Stats, statfsSync } from 'node:fs';
import { HostError } from '../lib/host-error.ts';
import { call, syscall } from './libc.ts';

export const openPath = 0o10000000;
export const openDirectory = constants.O_DIRECTORY;
export const noFollow = constants.O_NOFOLLOW;
const closeOnExec = 0o2000000;
const temporaryFile = 0o20000000 | constants.O_DIRECTORY;
const removeDirectoryFlag = 0x200;
const emptyPath = 0x1000;
const followLink = 0x400;
const noReplace = 1;

const resolve = { noXdev: 0x01, noMagicLinks: 0x02, noSymlinks: 0x04, beneath: 0x08, inRoot: 0x10 } as const;

/** An open descriptor that closes with its scope. */
export type Descriptor = Disposable & { readonly fd: number };

const openat2 = syscall<[number, Buffer, Buffer, number]>('openat2', ['int', 'void *', 'void *', 'size_t']);
const openat = call<[number, Buffer, number, number]>('int openat(int dir, void *path, int flags, uint32_t mode)');
const mkdirat = call<[number, Buffer, number]>('int mkdirat(int dir, void *path, uint32_t mode)');
const symlinkat = call<[Buffer, number, Buffer]>('int symlinkat(void *target, int dir, void *path)');
const unlinkat = call<[number, Buffer, number]>('int unlinkat(int dir, void *path, int flags)');
const renameat2 = call<[number, Buffer, number, Buffer, number]>(
  'int renameat2(int dir, void *path, int newDir, void *newPath, unsigned int flags)',
);
const linkat = call<[number, Buffer, number, Buffer, number]>(
  'int linkat(int dir, void *path, int newDir, void *newPath, int flags)',
);
const readlinkat = call<[number, Buffer, Buffer, number]>(
  'intptr_t readlinkat(int dir, void *path, void *out, size_t size)',
);
const fchownat = call<[number, Buffer, number, number, number]>(
  'int fchownat(int dir, void *path, uint32_t uid, uint32_t gid, int flags)',
);

export type EntryName = string | Buffer;

function text(name: EntryName): Buffer {
  const bytes = Buffer.from(name as string);
  if (bytes.includes(0)) throw new HostError('a path holds a NUL byte', { errno: 'EINVAL' });
  return Buffer.concat([bytes, Buffer.alloc(1)]);
}

function descriptor(fd: number): Descriptor {
  let open = true;
  return {
    fd,
    [Symbol.dispose]() {
      if (open) closeSync(fd);
      open = false;
    },
  };
}

/** The root itself; a magic link (`/proc/PID/root`) is followed here and nowhere else. */
export function openRootDirectory(path: string): Descriptor {
  try {
    return descriptor(openSync(path, openPath | openDirectory));
  } catch (cause) {
    const errno = (cause as NodeJS.ErrnoException).code;
    throw new HostError(`cannot open the root directory ${path}: ${errno}`, { cause, ...(errno ? { errno } : {}) });
  }
}

/** Opens what `path` means to somebody whose root is `root`. `..` and absolute links stay inside. */
export function openInside(root: Descriptor, path: EntryName, flags: number): Descriptor {
  return descriptor(resolved(root.fd, path, flags, resolve.inRoot | resolve.noMagicLinks));
}

/** Opens a directory entry without following anything or crossing into another mount. */
export function openEntry(parent: Descriptor, name: EntryName, flags: number): Descriptor {
  const rules = resolve.beneath | resolve.noMagicLinks | resolve.noSymlinks | resolve.noXdev;
  return descriptor(resolved(parent.fd, name, flags, rules));
}

/** While anything on the host is renamed the kernel may be unsure about `..` and say EAGAIN: it asks to be asked again. */
const attempts = 200;

function resolved(dir: number, path: EntryName, flags: number, rules: number): number {
  const how = Buffer.alloc(24);
  how.writeBigUInt64LE(BigInt(flags | closeOnExec), 0);
  how.writeBigUInt64LE(BigInt(rules), 16);
  const bytes = text(path);
  for (let attempt = 1; ; attempt++) {
    try {
      return openat2(dir, bytes, how, how.length);
    } catch (error) {
      if (attempt === attempts || !(error instanceof HostError && error.errno === 'EAGAIN')) throw error;
    }
  }
}

/** The same object with other access, without looking up any name again. */
export function reopen(found: Descriptor, flags: number): Descriptor {
  return descriptor(openSync(descriptorPath(found), flags | constants.O_NONBLOCK | constants.O_NOCTTY));
}

/** A path that means this very object, for calls that take only paths. */
export function descriptorPath({ fd }: Descriptor): string {
  return `/proc/self/fd/${fd}`;
}

export function statusOf({ fd }: Descriptor): Stats {
  return fstatSync(fd);
}

export function linkTarget(link: Descriptor): string {
  return linkTargetBytes(link).toString();
}

/** A name in a guest need not be text. */
export function linkTargetBytes(link: Descriptor): Buffer {
  const out = Buffer.alloc(4096);
  return out.subarray(0, readlinkat(link.fd, text(''), out, out.length));
}

/** Opens a file without a name in `parent`, which `linkInto` names later; undefined where the file system has none. */
export function openUnnamed(parent: Descriptor): Descriptor | undefined {
  try {
    return descriptor(openat(parent.fd, text('.'), temporaryFile | constants.O_RDWR | closeOnExec, 0o600));
  } catch (error) {
    if (error instanceof HostError && ['EOPNOTSUPP', 'EISDIR', 'EINVAL', 'ENOENT'].includes(error.errno ?? ''))
      return undefined;
    throw error;
  }
}

export function createEntry(parent: Descriptor, name: EntryName): Descriptor {
  const flags = constants.O_CREAT | constants.O_EXCL | constants.O_RDWR | noFollow | closeOnExec;
  return descriptor(openat(parent.fd, text(name), flags, 0o600));
}

export function linkInto(file: Descriptor, parent: Descriptor, name: EntryName): void {
  linkat(-100, text(descriptorPath(file)), parent.fd, text(name), followLink);
}

export function renameEntry(parent: Descriptor, name: EntryName, newParent: Descriptor, newName: EntryName): void {
  renameat2(parent.fd, text(name), newParent.fd, text(newName), 0);
}

/** Throws EEXIST when the new name is taken, even by an empty directory. */
export function renameToFree(parent: Descriptor, name: EntryName, newParent: Descriptor, newName: EntryName): void {
  renameat2(parent.fd, text(name), newParent.fd, text(newName), noReplace);
}

export function makeDirectory(parent: Descriptor, name: EntryName): void {
  mkdirat(parent.fd, text(name), 0o700);
}

export function makeSymlink(parent: Descriptor, name: EntryName, target: EntryName): void {
  symlinkat(text(target), parent.fd, text(name));
}

export function removeEntry(parent: Descriptor, name: EntryName, kind: 'directory' | 'other'): void {
  unlinkat(parent.fd, text(name), kind === 'directory' ? removeDirectoryFlag : 0);
}

export function changeOwner(found: Descriptor, uid: number, gid: number): void {
  fchownat(found.fd, text(''), uid, gid, emptyPath);
}

/** Number of the file system's type (`man 2 statfs`). */
export function fileSystemType(found: Descriptor): number {
  return statfsSync(descriptorPath(found)).type;
}

/** Where the kernel says that a descriptor is, for messages only. */
export function shownPath(found: Descriptor): string {
  return readlinkSync(descriptorPath(found));
}
