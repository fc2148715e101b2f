/**
 * Putting mounts of the host into a guest that exists, and taking them out again. A mount is first attached in a stage of
 * the daemon's and then cloned from a namespace in which its flags are locked: without that the guest's root could take
 * its read-only flag off.
 */
import {
  chmodSync,
  chownSync,
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { HostError } from '../lib/host-error.ts';
import { type GuestTree, mountIdOf, mountsOf, openPlace } from './guest-place.ts';
import { call } from './libc.ts';
import {
  attach,
  attachAt,
  type DetachedMount,
  type MountAttributes,
  openTree,
  setAttributes,
  unmount,
  unmountExactly,
} from './mount.ts';
import { amongDescriptors, inMountNamespace, openDescriptorDirectory, openMountNamespace } from './mount-namespace.ts';
import { createTmpfs } from './overlay-mount.ts';
import { holdLockedMounts } from './userns.ts';

const mknod = call<[string, number, bigint]>('int mknod(const char *path, uint32_t mode, uint64_t device)');
const unlinkat = call<[number, string, number]>('int unlinkat(int dir, const char *path, int flags)');
const nodeKinds = { char: 0o020000, block: 0o060000 } as const;
const coversAtMost = 32;

/** How a mount inside is found again, wherever the guest has moved it. No signature: only the number is known. */
export type PluggedMount = { mountId: number; signature: string };

/** A mount that is ready, with flags that the guest cannot take off. `stage` is a path of ours that is not there yet. */
export async function lockMount(
  mount: DetachedMount,
  kind: 'directory' | 'file',
  stage: string,
  recursive = false,
): Promise<DetachedMount> {
  makeStage(stage, kind);
  try {
    attach(mount, stage);
    using holder = await holdLockedMounts();
    const fd = openSync(`/proc/${holder.pid}/ns/mnt`, 'r');
    try {
      return inMountNamespace({ fd }, () => openTree(stage, recursive));
    } finally {
      closeSync(fd);
    }
  } finally {
    clearStage(stage);
  }
}

function makeStage(stage: string, kind: 'directory' | 'file'): void {
  if (kind === 'directory') mkdirSync(stage, { mode: 0o700 });
  else closeSync(openSync(stage, 'wx', 0o600));
}

export type SourceOptions = { attributes: MountAttributes; idMap?: number | undefined; recursive?: boolean };

/** A mount of a file or directory of the host, attached nowhere. */
export function openSource(source: string, { attributes, idMap, recursive = false }: SourceOptions): DetachedMount {
  const tree = openTree(source, recursive);
  try {
    setAttributes(tree, attributes, idMap, recursive);
    return tree;
  } catch (cause) {
    tree[Symbol.dispose]();
    const errno = cause instanceof HostError ? cause.errno : undefined;
    const help =
      idMap === undefined ? {} : { help: 'the file system of the source may have no idmapped mounts; unset shift' };
    throw new HostError(`${source}: ${(cause as Error).message}`, { cause, ...(errno ? { errno } : {}), ...help });
  }
}

export type NodeNumber = { kind: 'char' | 'block'; major: number; minor: number };

/** The numbers of a device node of the host; undefined when it is not there. */
export function nodeNumber(path: string): NodeNumber | undefined {
  const status = statSync(path, { throwIfNoEntry: false, bigint: true });
  if (!status) return undefined;
  const kind = status.isCharacterDevice() ? 'char' : status.isBlockDevice() ? 'block' : undefined;
  if (!kind) throw new HostError(`${path}: not a device node`);
  const dev = status.rdev;
  const major = Number(((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n));
  return { kind, major, minor: Number((dev & 0xffn) | ((dev >> 12n) & 0xffffff00n)) };
}

/** A mount of a fresh device node; its file system lives in memory and with the mount alone. All of it at once. */
export function createNode(
  number: NodeNumber,
  owner: { uid: number; gid: number; mode: number },
  stage: string,
): DetachedMount {
  makeStage(stage, 'directory');
  try {
    // Made by us and not in the guest: there the kernel would let nobody open it (SB_I_NODEV).
    using memory = createTmpfs({ size: '4096', mode: '700' }, { nosuid: true, noexec: true });
    attach(memory, stage);
    const path = join(stage, 'node');
    const device =
      (BigInt(number.major & 0xfffff000) << 32n) |
      (BigInt(number.major & 0xfff) << 8n) |
      (BigInt(number.minor & ~0xff) << 12n) |
      BigInt(number.minor & 0xff);
    mknod(path, nodeKinds[number.kind] | owner.mode, device);
    chownSync(path, owner.uid, owner.gid);
    chmodSync(path, owner.mode);
    return openTree(path);
  } finally {
    unmount(stage);
    rmdirSync(stage);
  }
}

/**
 * Puts the mount at a place of the guest; missing directories and the place itself are made. `announce` hears of it right
 * before, for whoever finds only that because we were killed.
 */
export function plug(
  mount: DetachedMount,
  {
    tree,
    path,
    kind,
    announce,
  }: { tree: GuestTree; path: string; kind: 'directory' | 'file'; announce(mount: PluggedMount): void },
): PluggedMount {
  using namespace = openMountNamespace(tree.pid);
  using place = openPlace(tree, path, kind);
  const mountId = mountIdOf(mount.descriptor);
  announce({ mountId, signature: '' });
  try {
    inMountNamespace(namespace, () => attachAt(mount, place.fd));
  } catch (cause) {
    const errno = cause instanceof HostError ? cause.errno : undefined;
    const reason = errno === 'ENOTDIR' ? `the guest has no ${kind} there` : (cause as Error).message;
    throw new HostError(`cannot mount at ${path}: ${reason}`, { cause, ...(errno ? { errno } : {}) });
  }
  const signature = mountsOf(tree.pid).find(({ id }) => id === mountId)?.signature ?? '';
  return { mountId, signature };
}

/** Takes the mount out, wherever it is now. What the guest has put on top of it goes with it. Gone already: nothing. */
export function unplug(tree: GuestTree, plugged: PluggedMount): void {
  const find = () =>
    mountsOf(tree.pid).find(
      ({ id, signature }) => id === plugged.mountId && (plugged.signature === '' || signature === plugged.signature),
    );
  using namespace = openMountNamespace(tree.pid);
  using descriptors = openDescriptorDirectory();
  for (let round = 0; round < coversAtMost; round++) {
    const mount = find();
    if (!mount) return;
    using place = openPlace(tree, mount.path);
    const top = mountIdOf(place.fd);
    const isCover = mountsOf(tree.pid).some(({ id, path }) => id === top && path === mount.path);
    if (top !== plugged.mountId && !isCover) break;
    inMountNamespace(namespace, () => amongDescriptors(descriptors.fd, () => unmountExactly(String(place.fd))));
  }
  if (find())
    throw new HostError('the guest hides the mount behind others', { help: 'stop the instance to take it away' });
}

/** Takes away a file of no bytes, such as a mount leaves behind where it was; anything else stays. */
export function removeEmptyFile(tree: GuestTree, path: string): void {
  try {
    using parent = openPlace(tree, dirname(path));
    using file = openPlace(tree, path);
    const status = fstatSync(file.fd);
    if (status.isFile() && status.size === 0) unlinkat(parent.fd, basename(path), 0);
  } catch (error) {
    // The guest may have done away with it, or with the way to it.
    if (!(error instanceof HostError)) throw error;
  }
}

/** Names of stages that a killed daemon left in the directory. */
export function clearPlugStages(directory: string): void {
  for (const name of readdirSync(directory)) if (name.startsWith('plug-')) clearStage(join(directory, name));
}

function clearStage(stage: string): void {
  unmount(stage);
  if (statSync(stage).isDirectory()) rmdirSync(stage);
  else rmSync(stage);
}
