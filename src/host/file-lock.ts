/**
 * A lock between processes on a file of its own. The kernel releases it when the holder ends, also by SIGKILL;
 * the file stays (removing it would let two holders lock different files of one name).
 */
import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { HostError } from '../lib/host-error.ts';
import { call } from './libc.ts';

const flock = call<[descriptor: number, operation: number]>('int flock(int fd, int operation)');
const exclusiveWithoutWaiting = 2 | 4;

/** Locks `path`, which is made when missing. Throws `HostError` (errno EWOULDBLOCK) naming the holder when it is taken. */
export function lockFile(path: string): Disposable {
  const descriptor = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    flock(descriptor, exclusiveWithoutWaiting);
  } catch (cause) {
    closeSync(descriptor);
    // EAGAIN and EWOULDBLOCK are one number on Linux.
    const taken = cause instanceof HostError && (cause.errno === 'EAGAIN' || cause.errno === 'EWOULDBLOCK');
    if (!taken) throw cause;
    const holder = readFileSync(path, 'utf8').trim() || 'unknown';
    throw new HostError(`${path} is locked by another process (pid ${holder})`, { errno: 'EWOULDBLOCK', cause });
  }
  try {
    ftruncateSync(descriptor, 0);
    writeSync(descriptor, `${process.pid}\n`, 0);
  } catch {
    // The number is for people only; on a full disk the lock holds without it.
  }
  return { [Symbol.dispose]: () => closeSync(descriptor) };
}
