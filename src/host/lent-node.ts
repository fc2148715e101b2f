/**
 * Device nodes of the host for guests of an ordinary user. Only root makes nodes, gives them owners, or says which numbers
 * a group may open. A node that is there can be shown as it is, to guests whose root may open it.
 */
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import type { GuestNode } from '../core/ports/engine.ts';
import { HostError } from '../lib/host-error.ts';
import { asCreator, dropEffective } from './file-creator.ts';
import { mountIdOf } from './guest-place.ts';
import { libc } from './libc.ts';
import { type DetachedMount, openTree, setAttributes } from './mount.ts';
import { type OwnNamespaces, outsideId, ownNamespaces } from './own-namespaces.ts';
import { nodeNumber } from './plug.ts';

const faccessat = libc.func('int faccessat(int dir, const char *path, int mode, int flags)');
const currentDirectory = -100;
const effectiveIds = 0x200;
const [maySome, pathOnly] = [[4, 2], 0o10000000];
const unknownOwner = 65_534;

/** The node's path on the host; undefined for an optional one that is not there. `guestRoot` as the daemon sees it. */
export function findLentNode(own: OwnNamespaces, node: GuestNode, guestRoot = 0): string | undefined {
  const path = node.number === undefined ? pathOf(node) : pathOfNumber(node, node.number, own);
  const found = numberAt(path);
  if (!found) {
    if (node.optional) return undefined;
    throw new HostError(`the device ${path} is not there on this host`, { errno: 'ENOENT' });
  }
  if (found.kind !== node.kind) throw new HostError(`${path} is a ${found.kind} device, not a ${node.kind} device`);
  checkLooks(path, node, own);
  checkOpens(path, outsideId(own, guestRoot), guestRoot);
  return path;
}

/** Why guests cannot have it; undefined when they can, and for root's daemon, which makes nodes itself. */
export function lendingRefusal(node: GuestNode): string | undefined {
  const own = ownNamespaces();
  if (!own) return undefined;
  try {
    findLentNode(own, node);
    return undefined;
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return error.help === undefined ? error.message : `${error.message}; ${error.help}`;
  }
}

/** The node itself, attached nowhere. */
export function openLentNode(path: string): DetachedMount {
  const tree = openTree(path);
  try {
    setAttributes(tree, { nosuid: true, noexec: true });
    return tree;
  } catch (error) {
    tree[Symbol.dispose]();
    throw error;
  }
}

const pathOf = ({ source, path }: GuestNode) => source ?? path;

function pathOfNumber(node: GuestNode, { major, minor }: { major: number; minor: number }, own: OwnNamespaces): string {
  const here = numberAt(pathOf(node));
  if (here?.kind === node.kind && here.major === major && here.minor === minor) return pathOf(node);
  const known = kernelName(node.kind, major, minor);
  if (known !== undefined && numberAt(known)) return known;
  const words = `${node.path} ${node.kind === 'char' ? 'c' : 'b'} ${major} ${minor}`;
  throw new HostError(
    `this host has no node of the ${node.kind} device ${major}:${minor}, and only root can make one`,
    {
      help: `as root: mknod ${words} && ${grant(node.path, outsideId(own, 0))}`,
    },
  );
}

/** What the kernel calls a device, which is its name in /dev. */
function kernelName(kind: GuestNode['kind'], major: number, minor: number): string | undefined {
  try {
    const text = readFileSync(`/sys/dev/${kind}/${major}:${minor}/uevent`, 'utf8');
    const name = /^DEVNAME=(.+)$/m.exec(text)?.[1];
    return name === undefined ? undefined : `/dev/${name}`;
  } catch {
    return undefined;
  }
}

function numberAt(path: string) {
  try {
    return nodeNumber(path);
  } catch (cause) {
    if (cause instanceof HostError) throw cause;
    throw new HostError(`the device ${path} cannot be looked at: ${(cause as Error).message}`, { cause });
  }
}

/** Owner and mode that were asked for have to be those of the host: neither can be changed. */
function checkLooks(path: string, node: GuestNode, { ids }: OwnNamespaces): void {
  const { uid, gid, mode } = statSync(path);
  const shown = (id: number) => (id < ids ? id : unknownOwner);
  const looks = { uid: shown(uid), gid: shown(gid), mode: mode & 0o777 };
  for (const key of ['uid', 'gid', 'mode'] as const) {
    const [asked, seen] = [node[key], looks[key]].map((value) => (key === 'mode' ? value?.toString(8) : value));
    if (asked === undefined || asked === seen) continue;
    throw new HostError(`${key}=${asked} cannot be had without root: guests see ${path} with ${key} ${seen}`, {
      help: `leave ${key} out`,
    });
  }
}

/** Asked and not tried: to open a device may do something (a watchdog starts, a tape rewinds). */
function checkOpens(path: string, outside: number, guestRoot: number): void {
  const allowed = asCreator({ uid: guestRoot, gid: guestRoot }, () => {
    dropEffective();
    return maySome.some((mode) => faccessat(currentDirectory, path, mode, effectiveIds) === 0);
  });
  if (!allowed) {
    const mode = (statSync(path).mode & 0o777).toString(8).padStart(4, '0');
    throw new HostError(`${path} (mode ${mode}) does not open for root of a guest, which is the user ${outside} here`, {
      errno: 'EACCES',
      help: `as root, after each boot: ${grant(path, outside)}`,
    });
  }
  if (isOnClosedMount(path)) throw new HostError(`${path} is in a file system where devices do not open (nodev)`);
}

const grant = (path: string, id: number) => `setfacl -m u:${id}:rw ${path}`;

function isOnClosedMount(path: string): boolean {
  const fd = openSync(path, pathOnly);
  try {
    const start = `${mountIdOf(fd)} `;
    const line = readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .find((text) => text.startsWith(start));
    return line?.split(' ')[5]?.split(',').includes('nodev') === true;
  } finally {
    closeSync(fd);
  }
}
