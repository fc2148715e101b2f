/** A listening socket in the file system as a bare descriptor, to be handed to a program that is being started. */
import { chmodSync, closeSync, rmSync } from 'node:fs';
import { call } from './libc.ts';
import { AF_UNIX, unixAddress } from './unix-address.ts';

const socket = call<[number, number, number]>('int socket(int domain, int type, int protocol)');
const bind = call<[number, Buffer, number]>('int bind(int fd, const void *address, uint length)');
const listen = call<[number, number]>('int listen(int fd, int backlog)');

const SOCK_STREAM_CLOEXEC = 1 | 0o2000000;
const backlog = 16;

/** What lies at the path goes. The caller closes the descriptor. */
export function openUnixListener(path: string): number {
  const address = unixAddress(path);
  rmSync(path, { force: true });
  const fd = socket(AF_UNIX, SOCK_STREAM_CLOEXEC, 0);
  try {
    bind(fd, address, address.length);
    chmodSync(path, 0o600);
    listen(fd, backlog);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
