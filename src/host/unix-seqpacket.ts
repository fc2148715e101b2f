/** Packets to a SOCK_SEQPACKET socket in the file system, which Node cannot open. */
import type { Buffer } from 'node:buffer';
import { closeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { HostError } from '../lib/host-error.ts';
import { call, errnoName, libc } from './libc.ts';
import { AF_UNIX, unixAddress } from './unix-address.ts';

const socket = call<[number, number, number]>('int socket(int domain, int type, int protocol)');
const connect = call<[number, Buffer, number]>('int connect(int fd, const void *address, uint length)');
const sendNative = libc.func('long send(int fd, const void *data, size_t length, int flags)');

const seqpacket = 5;
const closeOnExec = 0o2000000;
const nonBlocking = 0o4000;
const noSignal = 0x4000;

/** Sends `data` in packets of at most `packetBytes`; waits while the receiver is busy. */
export async function sendPackets(path: string, data: Uint8Array, packetBytes: number, signal?: AbortSignal) {
  const address = unixAddress(path);
  const descriptor = socket(AF_UNIX, seqpacket | closeOnExec | nonBlocking, 0);
  try {
    connect(descriptor, address, address.length);
    for (let at = 0; at < data.length; at += packetBytes) {
      const packet = data.subarray(at, at + packetBytes);
      while (Number(sendNative(descriptor, packet, packet.length, noSignal)) < 0) {
        const errno = errnoName();
        if (errno !== 'EAGAIN') throw new HostError(`send to ${path}: ${errno}`, { errno });
        await delay(5, undefined, signal ? { signal } : {});
      }
    }
  } finally {
    closeSync(descriptor);
  }
}
