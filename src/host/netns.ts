/**
 * Network namespaces of other processes. The main thread enters one only for the synchronous moment of opening a
 * socket, which then stays in it; no other code can run in between.
 */
import { closeSync, fstatSync, openSync, statSync } from 'node:fs';
import { HostError } from '../lib/host-error.ts';
import { call } from './libc.ts';

const setns = call<[number, number]>('int setns(int, int)');
const CLONE_NEWNET = 0x40000000;

export type NetworkNamespace = Disposable & { fd: number };

/** Holds the network namespace of a process. Refuses one that shares ours: its links would be the host's. */
export function openNetworkNamespace(pid: number): NetworkNamespace {
  const fd = openNamespaceFile(pid);
  const [own, other] = [statSync('/proc/thread-self/ns/net'), fstatSync(fd)];
  if (own.ino === other.ino && own.dev === other.dev) {
    closeSync(fd);
    throw new HostError(`process ${pid} is in the host's network namespace`, {
      help: 'the guest has to be created with a network namespace of its own',
    });
  }
  return { fd, [Symbol.dispose]: () => closeSync(fd) };
}

export function openOwnNetworkNamespace(): NetworkNamespace {
  const fd = openSync('/proc/thread-self/ns/net', 'r');
  return { fd, [Symbol.dispose]: () => closeSync(fd) };
}

function openNamespaceFile(pid: number): number {
  try {
    return openSync(`/proc/${pid}/ns/net`, 'r');
  } catch (cause) {
    const errno = (cause as NodeJS.ErrnoException).code ?? '';
    throw new HostError(`network namespace of process ${pid}: ${errno === 'ENOENT' ? 'no such process' : errno}`, {
      cause,
      errno,
    });
  }
}

/** Runs `work` with the calling thread inside the namespace. A daemon that cannot get back must not go on. */
export function inNetworkNamespace<T>(namespace: NetworkNamespace, work: () => T): T {
  const own = openSync('/proc/thread-self/ns/net', 'r');
  try {
    setns(namespace.fd, CLONE_NEWNET);
    try {
      return work();
    } finally {
      returnTo(own);
    }
  } finally {
    closeSync(own);
  }
}

function returnTo(own: number): void {
  try {
    setns(own, CLONE_NEWNET);
  } catch {
    process.abort();
  }
}
