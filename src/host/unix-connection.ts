/**
 * A connection to a unix socket over which descriptors can be handed (SCM_RIGHTS), which Node cannot do: the socket is made
 * here, Node reads and writes it.
 */
import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import koffi from 'koffi';
import { HostError } from '../lib/host-error.ts';
import { call, errnoName, libc } from './libc.ts';
import { AF_UNIX, unixAddress } from './unix-address.ts';

const socketCall = call<[number, number, number]>('int socket(int domain, int type, int protocol)');
const connectCall = call<[number, Buffer, number]>('int connect(int fd, const void *address, uint length)');
const pairCall = call<[number, number, number, Int32Array]>(
  'int socketpair(int domain, int type, int protocol, _Out_ int *pair)',
);
koffi.struct('GasthofIovec', { base: 'const void *', length: 'size_t' });
koffi.struct('GasthofMessage', {
  name: 'void *',
  nameLength: 'uint32',
  parts: 'GasthofIovec *',
  partCount: 'size_t',
  control: 'void *',
  controlLength: 'size_t',
  flags: 'int',
});
const sendmsg = libc.func('long sendmsg(int fd, const GasthofMessage *message, int flags)');

const SOCK_STREAM_CLOEXEC = 1 | 0o2000000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_NOSIGNAL = 0x4000;
/** struct cmsghdr on 64-bit machines: length, level, type. */
const controlHeaderBytes = 16;

export type UnixConnection = {
  /** Owns the descriptor. */
  readonly socket: Socket;
  /** Sends bytes and with them a descriptor, which stays ours, too. Nothing else may wait to be sent. */
  sendDescriptor(bytes: Buffer, descriptor: number): void;
};

/** Throws at once when nobody listens there. */
export function connectUnix(path: string): UnixConnection {
  const fd = openUnixStream(path);
  return {
    socket: new Socket({ fd, readable: true, writable: true }),
    sendDescriptor: (bytes, descriptor) => sendDescriptor(fd, bytes, descriptor),
  };
}

/** The same as a bare descriptor, to be handed to a program; the caller closes it. */
export function openUnixStream(path: string): number {
  const address = unixAddress(path);
  const fd = socketCall(AF_UNIX, SOCK_STREAM_CLOEXEC, 0);
  try {
    connectCall(fd, address, address.length);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function sendDescriptor(fd: number, bytes: Buffer, descriptor: number): void {
  const control = Buffer.alloc(controlHeaderBytes + 8);
  control.writeBigUInt64LE(BigInt(controlHeaderBytes + 4), 0);
  control.writeInt32LE(SOL_SOCKET, 8);
  control.writeInt32LE(SCM_RIGHTS, 12);
  control.writeInt32LE(descriptor, controlHeaderBytes);
  const message = {
    name: null,
    nameLength: 0,
    parts: [{ base: bytes, length: bytes.length }],
    partCount: 1,
    control,
    controlLength: control.length,
    flags: 0,
  };
  const sent = Number(sendmsg(fd, message, MSG_NOSIGNAL));
  if (sent !== bytes.length) throw new HostError(`sending a descriptor: ${sent < 0 ? errnoName() : 'cut short'}`);
}

/** Two ends of a stream: one for us, one as a bare descriptor to be handed on, which the caller closes. */
export function socketPair(): { own: Socket; other: number } {
  const pair = new Int32Array(2);
  pairCall(AF_UNIX, SOCK_STREAM_CLOEXEC, 0, pair);
  return { own: new Socket({ fd: pair[0] ?? -1, readable: true, writable: true }), other: pair[1] ?? -1 };
}
