/**
 * Pipes of pipe(2). Node's own are socket pairs, which a program cannot open again through /dev/stdout or /proc/self/fd.
 */
import { closeSync, fchownSync } from 'node:fs';
import { Socket } from 'node:net';
import { call } from './libc.ts';

const pipe2 = call<[Int32Array, number]>('int pipe2(_Out_ int *ends, int flags)');
const closeOnExec = 0o2000000;

export type Pipe = { read: number; write: number };

/** Makes a pipe, both ends close-on-exec. `owner` is the host id that may open it again by path. */
export function makePipe(owner?: { uid: number; gid: number }): Pipe {
  const ends = new Int32Array(2);
  pipe2(ends, closeOnExec);
  const pipe = { read: ends[0] ?? -1, write: ends[1] ?? -1 };
  try {
    if (owner) fchownSync(pipe.write, owner.uid, owner.gid);
  } catch (error) {
    closePipe(pipe);
    throw error;
  }
  return pipe;
}

export function closePipe(pipe: Pipe): void {
  closeSync(pipe.read);
  closeSync(pipe.write);
}

/** The reading end as a stream that owns the descriptor. */
export function readableEnd(descriptor: number): Socket {
  return new Socket({ fd: descriptor, readable: true, writable: false });
}

/** The writing end as a stream that owns the descriptor. */
export function writableEnd(descriptor: number): Socket {
  return new Socket({ fd: descriptor, readable: false, writable: true });
}
