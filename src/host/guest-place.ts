/**
 * Finding (or making) a place in the tree of a guest that runs, and that may rearrange it at any moment. The way goes from
 * descriptor to descriptor, links are read and followed by us as if the guest's root were `/`, and a file system that
 * answers by the guest's own will (FUSE, or an overlay of the guest's) is never entered: it could hold the daemon up for ever.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { HostError } from '../lib/host-error.ts';
import { asCreator } from './file-creator.ts';
import { call } from './libc.ts';

const openat = call<[number, string, number, number]>(
  'int openat(int dir, const char *path, int flags, uint32_t mode)',
);
const mkdirat = call<[number, string, number]>('int mkdirat(int dir, const char *path, uint32_t mode)');
const readlinkat = call<[number, string, Buffer, number]>(
  'intptr_t readlinkat(int dir, const char *path, void *out, size_t size)',
);
const pathOnly = 0o10000000;
const closeOnExec = 0o2000000;
const place = pathOnly | closeOnExec | constants.O_NOFOLLOW;
const linksAtMost = 40;

export type GuestTree = {
  /** Init of the guest. */
  pid: number;
  /** Host id of the guest's root. */
  owner: number;
};
export type Place = Disposable & { readonly fd: number };
export type MountLine = { id: number; signature: string; path: string; type: string };

/** Mounts of a process, as it sees them. `signature`: device and what of it is mounted, to tell a reused number. */
export function mountsOf(pid: number): MountLine[] {
  return readFileSync(`/proc/${pid}/mountinfo`, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [left = '', right = ''] = line.split(' - ');
      const [id, , device, root, path] = left.split(' ');
      if (path === undefined) return [];
      return [
        { id: Number(id), signature: `${device} ${root}`, path: unescaped(path), type: right.split(' ')[0] ?? '' },
      ];
    });
}

const unescaped = (text: string) =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

/** The number of the mount that an open descriptor is on. */
export function mountIdOf(fd: number): number {
  return Number(/^mnt_id:\s*(\d+)/m.exec(readFileSync(`/proc/thread-self/fdinfo/${fd}`, 'utf8'))?.[1] ?? -1);
}

/** The place itself, links followed. With `make`, what is missing is made: directories, and the last part as it says. */
export function openPlace(tree: GuestTree, path: string, make?: 'directory' | 'file'): Place {
  using stack = new DisposableStack();
  const hold = (fd: number) => {
    stack.defer(() => closeSync(fd));
    return fd;
  };
  const root = hold(openSync(`/proc/${tree.pid}/root`, pathOnly | constants.O_DIRECTORY));
  const check = createCheck(tree, root, path);
  let way = [root];
  const split = (text: string, fromLink: boolean) =>
    text.split('/').flatMap((name) => (name === '' || name === '.' ? [] : { name, fromLink }));
  let rest = split(path, false);
  for (let links = 0; rest.length > 0; ) {
    const [next, ...after] = rest;
    if (!next) break;
    const { name, fromLink } = next;
    const here = way.at(-1) ?? root;
    rest = after;
    if (name === '..') {
      if (way.length > 1) way = way.slice(0, -1);
      continue;
    }
    const known = openChild(here, name);
    // What a link names is not made: a link to nowhere is a mistake, not a wish.
    if (known === undefined && fromLink)
      throw new HostError(`${path}: there is a link that leads nowhere inside the guest`, { errno: 'ELOOP' });
    const found = hold(known ?? makeChild(tree, here, name, after.length > 0 ? make && 'directory' : make, path));
    check(found);
    const status = fstatSync(found);
    if (status.isSymbolicLink()) {
      links += 1;
      if (links > linksAtMost) throw new HostError(`${path}: too many links inside the guest`, { errno: 'ELOOP' });
      const target = linkTarget(found);
      if (target.startsWith('/')) way = [root];
      rest = [...split(target, true), ...rest];
      continue;
    }
    if (rest.length > 0 && !status.isDirectory())
      throw new HostError(`${path}: ${name} is not a directory inside the guest`, { errno: 'ENOTDIR' });
    way = [...way, found];
  }
  const last = way.at(-1) ?? root;
  // A descriptor of its own: the others close with this function.
  const fd = openSync(`/proc/thread-self/fd/${last}`, pathOnly);
  return { fd, [Symbol.dispose]: () => closeSync(fd) };
}

/** Refuses to go on into file systems whose answers the guest gives or delays. */
function createCheck(tree: GuestTree, root: number, path: string): (fd: number) => void {
  const own = mountIdOf(root);
  let mounts: Map<number, MountLine> | undefined;
  return (fd) => {
    const id = mountIdOf(fd);
    if (id === own) return;
    mounts ??= new Map(mountsOf(tree.pid).map((line) => [line.id, line]));
    const mount = mounts.get(id);
    const base = mounts.get(own);
    const isTrusted = mount && !/^(fuse|overlay|autofs|9p)/.test(mount.type);
    if (
      isTrusted ||
      (mount && mount.type === 'overlay' && mount.signature.split(' ')[0] === base?.signature.split(' ')[0])
    )
      return;
    throw new HostError(
      `${path}: the guest has mounted a file system of its own (${mount?.type ?? 'unknown'}) on the way`,
      {
        errno: 'EXDEV',
      },
    );
  };
}

function openChild(directory: number, name: string): number | undefined {
  try {
    return openat(directory, name, place, 0);
  } catch (error) {
    if (error instanceof HostError && error.errno === 'ENOENT') return undefined;
    throw error;
  }
}

function makeChild(
  { owner }: GuestTree,
  directory: number,
  name: string,
  kind: 'directory' | 'file' | undefined,
  path: string,
): number {
  if (kind === undefined) throw new HostError(`${path}: not there inside the guest`, { errno: 'ENOENT' });
  return asCreator({ uid: owner, gid: owner }, () => {
    if (kind === 'directory') mkdirat(directory, name, 0o755);
    else
      closeSync(
        openat(directory, name, constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW | closeOnExec, 0o644),
      );
    return openat(directory, name, place, 0);
  });
}

function linkTarget(link: number): string {
  const out = Buffer.alloc(4096);
  return out.toString('utf8', 0, readlinkat(link, '', out, out.length));
}
