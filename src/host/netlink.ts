/**
 * Netlink sockets: one request and its acknowledgement, or one dump, at a time. Answers come from kernel memory in
 * microseconds, so calls are synchronous; only `requestInBackground`, for the slow deletions, runs beside the loop.
 */
import { getSystemErrorName } from 'node:util';
import { HostError } from '../lib/host-error.ts';
import { call, libc } from './libc.ts';
import {
  decodeAttributes,
  decodeMessages,
  encodeMessage,
  headerBytes,
  messageFlags,
  type NetlinkMessage,
  readText,
} from './netlink-message.ts';
import { hostSocket } from './outside.ts';

export type Netlink = Disposable & {
  /** Sends one request, waits for its acknowledgement, throws the kernel's refusal. `what` names it in the error. */
  request(what: string, type: number, flags: number, body: Uint8Array): void;
  /** Sends one request that is answered by messages; returns their bodies. */
  query(what: string, type: number, flags: number, body: Uint8Array): Buffer[];
};

const socket = call<[number, number, number]>('int socket(int, int, int)');
const bind = call<[number, Uint8Array, number]>('int bind(int, void *, uint32_t)');
const setsockopt = call<[number, number, number, Uint8Array, number]>(
  'int setsockopt(int, int, int, void *, uint32_t)',
);
const send = call<[number, Uint8Array, number, number]>('intptr_t send(int, void *, uintptr_t, int)');
const receive = call<[number, Uint8Array, number, number]>('intptr_t recv(int, void *, uintptr_t, int)');
const close = call<[number]>('int close(int)');
const nativeSend = libc.func('intptr_t send(int, void *, uintptr_t, int)');

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0x80000;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLM_F_MULTI = 0x2;
const NLM_F_ACK_TLVS = 0x200;

/** The kernel never sends more than 32 KiB of a dump at once. */
const receiveBytes = 65536;
const receiveTimeoutSeconds = 10n;

export const netlinkProtocols = { route: 0, netfilter: 12 } as const;

/** Opens a socket in the network namespace that the calling thread is in now; it stays there. `host`: in that of the host. */
export function openNetlink(
  protocol: keyof typeof netlinkProtocols = 'route',
  where: 'here' | 'host' = 'here',
): Netlink {
  const fd = openSocket(protocol, where === 'host' ? hostSocket : socket);
  const buffer = Buffer.alloc(receiveBytes);
  let sequence = 0;
  const exchange = (what: string, type: number, flags: number, body: Uint8Array): Buffer[] => {
    const message = encodeMessage({ type, flags, sequence: ++sequence, body });
    send(fd, message, message.length, 0);
    return collect(what, sequence, () => Buffer.from(buffer.subarray(0, receive(fd, buffer, buffer.length, 0))));
  };
  return {
    request(what, type, flags, body) {
      exchange(what, type, flags | messageFlags.request | messageFlags.acknowledge, body);
    },
    query(what, type, flags, body) {
      return exchange(what, type, flags | messageFlags.request, body);
    },
    [Symbol.dispose]: () => void close(fd),
  };
}

/** Like `request`, on its own socket and a pool thread: removing a link waits 16 ms and more for RCU in the kernel. */
export async function requestInBackground(what: string, type: number, flags: number, body: Uint8Array): Promise<void> {
  const fd = openSocket('route');
  try {
    const all = flags | messageFlags.request | messageFlags.acknowledge;
    const message = encodeMessage({ type, flags: all, sequence: 1, body });
    await new Promise<void>((resolve, reject) => {
      nativeSend.async(fd, message, message.length, 0, (error: Error | null) => (error ? reject(error) : resolve()));
    });
    const buffer = Buffer.alloc(receiveBytes);
    collect(what, 1, () => buffer.subarray(0, receive(fd, buffer, buffer.length, 0)));
  } finally {
    close(fd);
  }
}

function openSocket(protocol: keyof typeof netlinkProtocols, make: typeof socket = socket): number {
  const fd = make(AF_NETLINK, SOCK_RAW_CLOEXEC, netlinkProtocols[protocol]);
  try {
    const address = Buffer.alloc(12);
    address.writeUInt16LE(AF_NETLINK, 0);
    bind(fd, address, address.length);
    const on = Buffer.from([1, 0, 0, 0]);
    setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, on, on.length);
    setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, on, on.length);
    const timeout = Buffer.alloc(16);
    timeout.writeBigInt64LE(receiveTimeoutSeconds, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, timeout, timeout.length);
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

/** Reads until the acknowledgement, the end of the dump, or the single answer to `sequence`. */
function collect(what: string, sequence: number, next: () => Buffer): Buffer[] {
  const bodies: Buffer[] = [];
  for (;;) {
    for (const message of decodeMessages(next())) {
      if (message.sequence !== sequence) continue;
      if (message.type === NLMSG_DONE) return bodies;
      if (message.type === NLMSG_ERROR) {
        checkAcknowledgement(what, message);
        return bodies;
      }
      bodies.push(message.body);
      if (!(message.flags & NLM_F_MULTI)) return bodies;
    }
  }
}

function checkAcknowledgement(what: string, message: NetlinkMessage): void {
  const code = message.body.readInt32LE(0);
  if (code === 0) return;
  const errno = getSystemErrorName(code);
  const explained =
    message.flags & NLM_F_ACK_TLVS ? decodeAttributes(message.body.subarray(4 + headerBytes)) : undefined;
  const kernelText = readText(explained?.get(1));
  throw new HostError(`${what}: ${errno}${kernelText ? ` (${kernelText})` : ''}`, { errno });
}
