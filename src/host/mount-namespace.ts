/**
 * Mount namespaces of other processes. The main thread enters one only for a synchronous moment, so that no other code runs
 * in between. What has to be named while it is inside is named by descriptors that were opened outside: paths belong to
 * the guest there, its /proc too.
 */
import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { HostError } from '../lib/host-error.ts';
import { call } from './libc.ts';

const setns = call<[number, number]>('int setns(int, int)');
const unshare = call<[number]>('int unshare(int)');
const fchdir = call<[number]>('int fchdir(int)');
const CLONE_FS = 0x200;
const CLONE_NEWNS = 0x20000;

export type MountNamespace = Disposable & { readonly fd: number };

/** Holds the mount namespace of a process. Refuses one that shares ours: its mounts would be the host's. */
export function openMountNamespace(pid: number): MountNamespace {
  const fd = openNamespaceFile(pid);
  const [own, other] = [statSync('/proc/thread-self/ns/mnt'), fstatSync(fd)];
  if (own.ino === other.ino && own.dev === other.dev) {
    closeSync(fd);
    throw new HostError(`process ${pid} is in the mount namespace of the daemon`);
  }
  return { fd, [Symbol.dispose]: () => closeSync(fd) };
}

function openNamespaceFile(pid: number): number {
  try {
    return openSync(`/proc/${pid}/ns/mnt`, 'r');
  } catch (cause) {
    const errno = (cause as NodeJS.ErrnoException).code ?? '';
    const reason = errno === 'ENOENT' ? 'no such process' : errno;
    throw new HostError(`mount namespace of process ${pid}: ${reason}`, { cause, errno });
  }
}

/** The kernel lets a thread in only when it shares root and working directory with no other thread. */
let separate = false;

/** Runs `work` with the calling thread inside the namespace. A daemon that cannot get back must not go on. */
export function inMountNamespace<T>(namespace: Pick<MountNamespace, 'fd'>, work: () => T): T {
  if (!separate) unshare(CLONE_FS);
  separate = true;
  const own = openSync('/proc/thread-self/ns/mnt', 'r');
  const here = openSync('.', constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    setns(namespace.fd, CLONE_NEWNS);
    try {
      return work();
    } finally {
      returnTo(own, here);
    }
  } finally {
    closeSync(here);
    closeSync(own);
  }
}

function returnTo(own: number, here: number): void {
  try {
    setns(own, CLONE_NEWNS);
    fchdir(here);
  } catch {
    process.abort();
  }
}

/** For calls that take a path: runs `work` where the path `String(fd)` means what the descriptor stands for. */
export function amongDescriptors<T>(descriptors: number, work: () => T): T {
  fchdir(descriptors);
  return work();
}

/** The directory of this thread's own descriptors, to be opened outside and used inside. */
export function openDescriptorDirectory(): MountNamespace {
  const fd = openSync('/proc/thread-self/fd', constants.O_RDONLY | constants.O_DIRECTORY);
  return { fd, [Symbol.dispose]: () => closeSync(fd) };
}
