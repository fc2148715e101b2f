/**
 * Paths inside a guest's root: every link is resolved as if that root were `/`, by the kernel (openat2), so that no link
 * of the guest leads to a file of the host.
 */
import { closeSync, constants, fchownSync, openSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { HostError } from '../lib/host-error.ts';
import { call, syscall } from './libc.ts';

const openat2 = syscall<[number, string, Buffer, number]>('openat2', ['int', 'str', 'void *', 'size_t']);
const mkdirat = call<[number, string, number]>('int mkdirat(int directory, const char *name, uint mode)');

const pathOnly = 0o10000000;
const closeOnExec = 0o2000000;
const resolveInRoot = 0x10;
const resolveNoMagicLinks = 0x2;
const openHowBytes = 24;

/** Opens `path` below the directory `root` (a descriptor). Undefined when it is not there. */
export function openInside(root: number, path: string, flags: number, mode = 0): number | undefined {
  const how = Buffer.alloc(openHowBytes);
  how.writeBigUInt64LE(BigInt(flags | closeOnExec), 0);
  how.writeBigUInt64LE(BigInt(mode), 8);
  how.writeBigUInt64LE(BigInt(resolveInRoot | resolveNoMagicLinks), 16);
  try {
    return openat2(root, path, how, openHowBytes);
  } catch (error) {
    if (error instanceof HostError && error.errno === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Opens `path` below `root` as a mere place (O_PATH). What is missing is made: directories, and the last component as
 * `kind` says; they belong to `owner`.
 */
export function makeInside(root: number, path: string, kind: 'directory' | 'file', owner: number): number {
  const found = openInside(root, path, pathOnly);
  if (found !== undefined) return found;
  if (path === '/' || path === '.') throw new HostError(`${path}: not there`);
  const parent = makeInside(root, dirname(path), 'directory', owner);
  try {
    const name = basename(path);
    const link = openInside(parent, name, pathOnly | constants.O_NOFOLLOW);
    if (link !== undefined) {
      closeSync(link);
      throw new HostError(`${path}: there is a link that leads nowhere inside the guest`, { errno: 'ELOOP' });
    }
    if (kind === 'directory') mkdirat(parent, name, 0o755);
    const flags =
      kind === 'directory' ? constants.O_DIRECTORY | constants.O_RDONLY : constants.O_CREAT | constants.O_EXCL;
    const made = openInside(parent, name, flags | constants.O_NOFOLLOW, kind === 'file' ? 0o644 : 0);
    if (made === undefined) throw new HostError(`${path}: removed while it was made`);
    fchownSync(made, owner, owner);
    return made;
  } finally {
    closeSync(parent);
  }
}

/** Opens a directory of the host as the root for the calls above. */
export function openRoot(path: string): number {
  return openSync(path, pathOnly | constants.O_DIRECTORY);
}
