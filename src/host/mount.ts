/**
 * The mount API that works by descriptors (fsopen, open_tree, move_mount), in the daemon's own mount namespace.
 * All calls are synchronous: each takes microseconds, and nothing can come between the steps of one mount.
 */
import { closeSync } from 'node:fs';
import { HostError } from '../lib/host-error.ts';
import { call, libc, syscall } from './libc.ts';

const atFdCwd = -100;
const openTreeCloneCloexec = 0x80001;
const moveMountFromDescriptor = 4;
const moveMountToDescriptor = 0x40;
const atEmptyPath = 0x1000;
const atRecursive = 0x8000;
const attributeIdmap = 0x100000;
const mountAttributeSizeBytes = 32;
const detach = 2;
const detachNoFollow = detach | 8;

const openTreeCall = syscall<[number, string, number]>('open_tree', ['int', 'str', 'uint']);
const moveMountCall = syscall<[number, string, number, string, number]>('move_mount', [
  'int',
  'str',
  'int',
  'str',
  'uint',
]);
const mountSetattrCall = syscall<[number, string, number, Buffer, number]>('mount_setattr', [
  'int',
  'str',
  'uint',
  'void *',
  'size_t',
]);
const umount2Prototype = 'int umount2(const char *target, int flags)';
const umount2 = call<[string, number]>(umount2Prototype);
const umount2Aside = libc.func(umount2Prototype);

export type MountAttributes = { readOnly?: boolean; nosuid?: boolean; nodev?: boolean; noexec?: boolean };

/** The bits of MOUNT_ATTR_*. */
export function attributeBits(attributes: MountAttributes): number {
  return (
    (attributes.readOnly ? 1 : 0) |
    (attributes.nosuid ? 2 : 0) |
    (attributes.nodev ? 4 : 0) |
    (attributes.noexec ? 8 : 0)
  );
}

export type DetachedMount = { readonly descriptor: number } & Disposable;

export function detachedMount(descriptor: number): DetachedMount {
  return { descriptor, [Symbol.dispose]: () => closeSync(descriptor) };
}

/** A mount of the directory, without what is mounted below it unless asked; attached nowhere yet, gone when closed so. */
export function openTree(directory: string, recursive = false): DetachedMount {
  const flags = openTreeCloneCloexec | (recursive ? atRecursive : 0);
  return naming(directory, () => detachedMount(openTreeCall(atFdCwd, directory, flags)));
}

/** Sets attributes, and the id map of the user namespace `idMap` (a descriptor), which only a detached mount takes. */
export function setAttributes(
  mount: DetachedMount,
  attributes: MountAttributes,
  idMap?: number,
  recursive = false,
): void {
  const bits = attributeBits(attributes) | (idMap === undefined ? 0 : attributeIdmap);
  if (bits === 0) return;
  const argument = Buffer.alloc(mountAttributeSizeBytes);
  argument.writeBigUInt64LE(BigInt(bits), 0);
  if (idMap !== undefined) argument.writeBigUInt64LE(BigInt(idMap), 24);
  mountSetattrCall(
    mount.descriptor,
    '',
    atEmptyPath | (recursive ? atRecursive : 0),
    argument,
    mountAttributeSizeBytes,
  );
}

/** Puts a detached mount at `target`; the mount then lives on without its descriptor. */
export function attach(mount: DetachedMount, target: string): void {
  naming(target, () => moveMountCall(mount.descriptor, '', atFdCwd, target, moveMountFromDescriptor));
}

/** The same at what a descriptor stands for, in whatever mount namespace the thread is. */
export function attachAt(mount: DetachedMount, place: number): void {
  moveMountCall(mount.descriptor, '', place, '', moveMountFromDescriptor | moveMountToDescriptor);
}

/** Mounts the directory `source` at `target`, with other ids when `idMap` is given. */
export function bindMount(
  source: string,
  target: string,
  options: { attributes?: MountAttributes; idMap?: number | undefined } = {},
): void {
  using mount = openTree(source);
  naming(source, () => setAttributes(mount, options.attributes ?? {}, options.idMap));
  attach(mount, target);
}

/** Detaches what is mounted at `target` at once; who uses it keeps it. Nothing mounted there: succeeds. */
export function unmount(target: string): void {
  try {
    naming(target, () => umount2(target, detachNoFollow));
  } catch (error) {
    if (error instanceof HostError && (error.errno === 'EINVAL' || error.errno === 'ENOENT')) return;
    throw error;
  }
}

/** Detaches exactly the mount that the path leads to, links followed. */
export function unmountExactly(path: string): void {
  umount2(path, detach);
}

/** `unmount` in another thread: the last one out of an overlay waits until the whole file system below is written. */
export async function unmountAside(target: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  umount2Aside.async(target, detachNoFollow, (error: unknown, result: number) =>
    error ? reject(error) : resolve(result),
  );
  // The errno stayed in the other thread: a second try tells it.
  if ((await promise) < 0) unmount(target);
}

/** Adds the path to the message of a failed call. */
export function naming<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof HostError)) throw cause;
    throw new HostError(`${path}: ${cause.message}`, { cause, ...(cause.errno ? { errno: cause.errno } : {}) });
  }
}
