/**
 * Sockets of the host's own network for a daemon that lives in a network namespace of its own: libexec/doorman makes them,
 * we take them over. A socket belongs to the namespace in which it was made; binding and connecting are done here.
 */
import { closeSync, readFileSync, readSync, writeSync } from 'node:fs';
import { HostError } from '../lib/host-error.ts';
import { call, errnoOf, syscall } from './libc.ts';

const socketCall = call<[number, number, number]>('int socket(int domain, int type, int protocol)');
const connectCall = call<[number, Buffer, number]>('int connect(int fd, void *address, uint32_t length)');
const setTimeouts = call<[number, number, number, BigInt64Array, number]>(
  'int setsockopt(int fd, int level, int name, void *value, uint32_t length)',
);
const fcntl = call<[number, number, number]>('int fcntl(int fd, int command, int value)');
const pidfdOpen = syscall<[number, number]>('pidfd_open', ['int', 'uint']);
const pidfdGetfd = syscall<[number, number, number]>('pidfd_getfd', ['int', 'int', 'uint']);

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const F_SETFL = 4;
const answerSeconds = 5n;

let doorman: string | undefined;

/** From now on, sockets for the host's network are asked for at the door with this path. Undefined: ours is the host's. */
export function useDoorman(path: string | undefined): void {
  doorman = path;
}

/** The path that `useDoorman` was told. */
export const doormanPath = (): string | undefined => doorman;

/** A socket in the host's network; flags in `type` as for socket(2). Closed on exec. */
export function hostSocket(domain: number, type: number, protocol = 0): number {
  if (doorman === undefined) return socketCall(domain, type | SOCK_CLOEXEC, protocol);
  const kind = type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
  const fd = askAtTheDoor(doorman, `${domain} ${kind} ${protocol}\n`, taken);
  if (type & SOCK_NONBLOCK) fcntl(fd, F_SETFL, SOCK_NONBLOCK);
  return fd;
}

/** A setting of the kernel for the host's network, like `net.ipv4.ping_group_range`; undefined when there is none. */
export function hostNetworkSetting(name: string): string | undefined {
  if (doorman !== undefined) return askAtTheDoor(doorman, `setting ${name}\n`, (answer) => answer.trim() || undefined);
  try {
    return readFileSync(`/proc/sys/${name.replaceAll('.', '/')}`, 'utf8').trim();
  } catch {
    return undefined;
  }
}

function askAtTheDoor<T>(path: string, request: string, read: (answer: string) => T): T {
  const connection = socketCall(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  try {
    setTimeouts(connection, SOL_SOCKET, SO_RCVTIMEO, BigInt64Array.of(answerSeconds, 0n), 16);
    const address = Buffer.from(`\x01\0${path}\0`, 'latin1');
    connectCall(connection, address, address.length);
    writeSync(connection, request);
    return read(answerOf(connection));
  } catch (cause) {
    if (cause instanceof HostError && cause.help !== undefined) throw cause;
    const help = 'start gasthofd again: guests and what is carried for them go on';
    throw new HostError(`nobody opens sockets in the host's network (${path}); ${help}`, { cause, help });
  } finally {
    closeSync(connection);
  }
}

/** With a timeout on the socket, a signal ends the read (a child of ours has ended, perhaps): socket(7). */
function answerOf(connection: number): string {
  const answer = Buffer.alloc(64);
  for (;;) {
    try {
      return answer.toString('latin1', 0, readSync(connection, answer));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EINTR') throw error;
    }
  }
}

/** `PID DESCRIPTOR`, or `! ERRNO`. The doorman holds it until we close the connection. */
function taken(answer: string): number {
  const [first = '', second = ''] = answer.trim().split(' ');
  if (first === '!') {
    const errno = errnoOf(Number(second));
    throw new HostError(`socket: ${errno}`, { errno, help: 'this host does not have this kind of network' });
  }
  const process = pidfdOpen(Number(first), 0);
  try {
    return pidfdGetfd(process, Number(second), 0);
  } finally {
    closeSync(process);
  }
}
