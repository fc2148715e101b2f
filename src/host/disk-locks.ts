/** The locks that QEMU keeps on the files of a disk (since 2.10): who looks at them needs no notes of who runs. */
import { closeSync, openSync } from 'node:fs';
import { HostError } from '../lib/host-error.ts';
import { call } from './libc.ts';

const fcntl = call<[descriptor: number, command: number, lock: Uint8Array]>(
  'int fcntl(int descriptor, int command, _Inout_ void *lock)',
);
const getOpenFileLock = 36;
/** `struct flock` of 64-bit Linux. */
const sizeOfLock = 32;
const writeLock = 1;
const unlocked = 2;

/** QEMU locks byte 100 + n of the file for the right number n that it uses; those that it grants others are above 200. */
const firstByte = 100n;
const bytes = 100n;

/** Whether any QEMU, also a tool of it, has the file open. */
export function isOpenInQemu(path: string): boolean {
  const descriptor = openSync(path, 'r');
  try {
    const lock = Buffer.alloc(sizeOfLock);
    // What would be in the way of this lock? Nothing is locked by asking.
    lock.writeInt16LE(writeLock, 0);
    lock.writeBigInt64LE(firstByte, 8);
    lock.writeBigInt64LE(bytes, 16);
    fcntl(descriptor, getOpenFileLock, lock);
    return lock.readInt16LE(0) !== unlocked;
  } finally {
    closeSync(descriptor);
  }
}

export const diskInUse = (cause?: unknown): HostError =>
  new HostError('the disk is in use by a running QEMU', {
    errno: 'EBUSY',
    help: 'stop the virtual machine first',
    cause,
  });
