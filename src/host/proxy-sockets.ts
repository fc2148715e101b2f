/**
 * Sockets that listen or connect on either side of a proxy. A socket belongs to the network namespace in which it was made,
 * whoever uses it afterwards; paths of the guest are walked by descriptors (`guest-place.ts`).
 */
import { chmodSync, chownSync, closeSync, fstatSync, lstatSync, unlinkSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { HostError } from '../lib/host-error.ts';
import { ipToBytes, parseIp } from '../lib/ip.ts';
import { asCreator, dropEffective, keepingCapabilities } from './file-creator.ts';
import { openPlace } from './guest-place.ts';
import { call, errnoName, libc } from './libc.ts';
import { inNetworkNamespace, type NetworkNamespace } from './netns.ts';
import { hostSocket } from './outside.ts';
import { ownIdInside, ownNamespaces } from './own-namespaces.ts';
import { AF_UNIX, unixAddress } from './unix-address.ts';

const socketCall = call<[number, number, number]>('int socket(int domain, int type, int protocol)');
const bindCall = call<[number, Buffer, number]>('int bind(int fd, void *address, uint32_t length)');
const listenCall = call<[number, number]>('int listen(int fd, int backlog)');
const connectCall = libc.func('int connect(int fd, void *address, uint32_t length)');
const setsockopt = call<[number, number, number, Int32Array, number]>(
  'int setsockopt(int fd, int level, int name, void *value, uint32_t length)',
);
const unlinkat = call<[number, string, number]>('int unlinkat(int dir, const char *path, int flags)');
const rawSyscall = libc.func('long syscall(long number, long a, long b, long c)');

const AF_INET = 2;
const AF_INET6 = 10;
const flags = 0o4000 | 0o2000000;
const kinds = { stream: 1, datagram: 2 } as const;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const backlog = 511;

/** A side of a proxy: the host, or a guest with its namespaces. */
export type Side = { namespace?: NetworkNamespace; guest?: { pid: number; owner: number } };
export type Endpoint = { host: string; port: number } | { path: string; abstract: boolean };

/** Thread ids are changed by number: glibc's functions would change every thread of the process. */
const idCalls: Partial<Record<NodeJS.Architecture, { setresuid: number; setresgid: number }>> = {
  x64: { setresuid: 117, setresgid: 119 },
  arm64: { setresuid: 147, setresgid: 149 },
};

function ipAddress(host: string, port: number): { domain: number; bytes: Buffer } {
  const ip = parseIp(host);
  if (!ip) throw new HostError(`not an address: ${host}`);
  const bytes = Buffer.alloc(ip.family === 'inet' ? 16 : 28);
  const domain = ip.family === 'inet' ? AF_INET : AF_INET6;
  bytes.writeUInt16LE(domain, 0);
  bytes.writeUInt16BE(port, 2);
  bytes.set(ipToBytes(ip), ip.family === 'inet' ? 4 : 8);
  return { domain, bytes };
}

function made<T>(domain: number, type: number, side: Side, work: (fd: number) => T): number {
  const { namespace } = side;
  const fd = namespace
    ? inNetworkNamespace(namespace, () => socketCall(domain, type | flags, 0))
    : hostSocket(domain, type | flags);
  try {
    work(fd);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function setOption(fd: number, level: number, name: number): void {
  setsockopt(fd, level, name, Int32Array.of(1), 4);
}

/** A socket that is bound, and listens when it is a stream. Not blocking. */
export function openListener(
  side: Side,
  at: Endpoint,
  type: 'stream' | 'datagram',
  owner: { uid: number; gid: number; mode: number },
): number {
  // Two proxies may listen on 0.0.0.0 and on :: side by side.
  if ('host' in at) return openPort(side, at, type, 'one family');
  return made(AF_UNIX, kinds.stream, side, (fd) => {
    if (at.abstract) {
      const address = unixAddress(at.path, true);
      bindCall(fd, address, address.length);
    } else bindPath(fd, side, at.path, owner);
    listenCall(fd, backlog);
  });
}

/** A TCP listener in the host's network; `::` takes IPv4, too. */
export const openHostListener = (at: { host: string; port: number }): number => openPort({}, at, 'stream', 'both');

function openPort(
  side: Side,
  at: { host: string; port: number },
  type: 'stream' | 'datagram',
  families: 'one family' | 'both',
): number {
  const { domain, bytes } = ipAddress(at.host, at.port);
  return made(domain, kinds[type], side, (fd) => {
    if (type === 'stream') setOption(fd, SOL_SOCKET, SO_REUSEADDR);
    if (domain === AF_INET6 && families === 'one family') setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY);
    bindPort(fd, bytes, at);
    if (type === 'stream') listenCall(fd, backlog);
  });
}

function bindPort(fd: number, address: Buffer, { host, port }: { host: string; port: number }): void {
  try {
    bindCall(fd, address, address.length);
  } catch (error) {
    if (!(error instanceof HostError) || error.errno !== 'EACCES') throw error;
    const help = `as root: sysctl net.ipv4.ip_unprivileged_port_start=${port}`;
    const reason = `an ordinary user may not listen on port ${port} (${host})`;
    throw new HostError(`${reason}; ${help}`, { errno: 'EACCES', help, cause: error });
  }
}

function bindPath(fd: number, side: Side, path: string, owner: { uid: number; gid: number; mode: number }): void {
  if (!side.guest) {
    removeDeadSocket(path);
    const address = unixAddress(path);
    bindCall(fd, address, address.length);
    chownSync(path, hostId('uid', owner.uid), hostId('gid', owner.gid));
    chmodSync(path, owner.mode);
    return;
  }
  using parent = openPlace(side.guest, dirname(path), 'directory');
  const inside = `/proc/thread-self/fd/${parent.fd}/${basename(path)}`;
  removeDeadSocket(inside);
  const address = unixAddress(inside);
  asCreator({ uid: side.guest.owner + owner.uid, gid: side.guest.owner + owner.gid }, () => {
    bindCall(fd, address, address.length);
  });
  // By descriptor: the guest may have put something else there meanwhile.
  using file = openPlace(side.guest, path);
  if (fstatSync(file.fd).isSocket()) chmodSync(`/proc/thread-self/fd/${file.fd}`, owner.mode);
}

/** Out there an ordinary user is nobody but that user, whom 0 means, too. */
function hostId(kind: 'uid' | 'gid', id: number): number {
  const own = ownNamespaces();
  if (!own) return id;
  if (id === 0 || id === own[kind]) return ownIdInside;
  throw new HostError(`a user's daemon cannot be ${kind} ${id} on the host`, {
    errno: 'EPERM',
    help: `leave it out, or say ${own[kind]}`,
  });
}

/** The socket of one that was killed is in the way; anything else stays, and binding fails. */
function removeDeadSocket(path: string): void {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (!status?.isSocket()) return;
  const fd = socketCall(AF_UNIX, kinds.stream | flags, 0);
  try {
    const address = unixAddress(path);
    if ((connectCall(fd, address, address.length) as number) >= 0 || errnoName() !== 'ECONNREFUSED') return;
    unlinkSync(path);
  } finally {
    closeSync(fd);
  }
}

/** Takes the path of a listening socket away; that of the guest only while it is a socket. */
export function removeSocketPath(side: Side, path: string): void {
  try {
    if (!side.guest) {
      if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) unlinkSync(path);
      return;
    }
    using parent = openPlace(side.guest, dirname(path));
    using file = openPlace(side.guest, path);
    if (fstatSync(file.fd).isSocket()) unlinkat(parent.fd, basename(path), 0);
  } catch {
    // Gone with its folder, or with the guest.
  }
}

/** A socket that is connecting or connected. Not blocking. */
export function openConnection(side: Side, to: Endpoint, as: { uid: number; gid: number } | undefined): number {
  if ('host' in to) {
    const { domain, bytes } = ipAddress(to.host, to.port);
    return made(domain, kinds.stream, side, (fd) => begin(fd, bytes, `${to.host}:${to.port}`));
  }
  return made(AF_UNIX, kinds.stream, side, (fd) => {
    const go = (path: string, abstract: boolean) => {
      const address = unixAddress(path, abstract);
      const who = as && !side.guest ? { uid: hostId('uid', as.uid), gid: hostId('gid', as.gid) } : as;
      actingAs(who, () => begin(fd, address, to.path));
    };
    if (to.abstract || !side.guest) return go(to.path, to.abstract);
    using place = openPlace(side.guest, to.path);
    if (!fstatSync(place.fd).isSocket()) throw new HostError(`${to.path}: not a socket inside the guest`);
    go(`/proc/thread-self/fd/${place.fd}`, false);
  });
}

/** A datagram socket of this side at a port of its own, for one peer. */
export function openDatagram(side: Side, family: 'inet' | 'inet6'): number {
  const any = family === 'inet' ? '0.0.0.0' : '::';
  return openListener(side, { host: any, port: 0 }, 'datagram', { uid: 0, gid: 0, mode: 0 });
}

function begin(fd: number, address: Buffer, shown: string): void {
  if ((connectCall(fd, address, address.length) as number) >= 0) return;
  const errno = errnoName();
  if (errno !== 'EINPROGRESS') throw new HostError(`connect to ${shown}: ${errno}`, { errno });
}

/** Who connects is what the other end is told (SO_PEERCRED). This thread alone, for this moment alone. */
function actingAs(as: { uid: number; gid: number } | undefined, work: () => void): void {
  const numbers = idCalls[process.arch];
  if (!as || !numbers) {
    work();
    return;
  }
  const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  // Going back to the own uid first gives the right to the own gid.
  keepingCapabilities(() => {
    rawSyscall(numbers.setresgid, -1, as.gid, -1);
    rawSyscall(numbers.setresuid, -1, as.uid, -1);
    // Root's are gone with its id; a user's, which are no matter of ids, would open every socket of the guest.
    if (ownNamespaces()) dropEffective();
    try {
      work();
    } finally {
      rawSyscall(numbers.setresuid, -1, own.uid, -1);
      rawSyscall(numbers.setresgid, -1, own.gid, -1);
    }
  });
}
