/** A listening socket in the file system as a bare descriptor, to be handed to a program that is being started. */
import { chmodSync, closeSync, rmSync } from 'node:fs';
import { HostError } from '../lib/host-error.ts';
import { call } from './libc.ts';

const socket = call<[number, number, number]>('int socket(int domain, int type, int protocol)');
const bind = call<[number, Buffer, number]>('int bind(int fd, const void *address, uint length)');
const listen = call<[number, number]>('int listen(int fd, int backlog)');

const AF_UNIX = 1;
const SOCK_STREAM_CLOEXEC = 1 | 0o2000000;
const addressBytes = 110;
const backlog = 16;

/** What lies at the path goes. The caller closes the descriptor. */
export function openUnixListener(path: string): number {
  const address = Buffer.alloc(addressBytes);
  address.writeUInt16LE(AF_UNIX, 0);
  if (Buffer.byteLength(path) > addressBytes - 3) throw new HostError(`${path}: too long for a socket`);
  address.write(path, 2);
  rmSync(path, { force: true });
  const fd = socket(AF_UNIX, SOCK_STREAM_CLOEXEC, 0);
  try {
    bind(fd, address, addressBytes);
    chmodSync(path, 0o600);
    listen(fd, backlog);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
