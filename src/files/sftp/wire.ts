/** The alphabet of SFTP version 3 (draft-ietf-secsh-filexfer-02): numbers of packets and statuses, fields of a packet. */

export const version = 3;

export const packetTypes = {
  init: 1,
  version: 2,
  open: 3,
  close: 4,
  read: 5,
  write: 6,
  lstat: 7,
  fstat: 8,
  setstat: 9,
  fsetstat: 10,
  opendir: 11,
  readdir: 12,
  remove: 13,
  mkdir: 14,
  rmdir: 15,
  realpath: 16,
  stat: 17,
  rename: 18,
  readlink: 19,
  symlink: 20,
  status: 101,
  handle: 102,
  data: 103,
  name: 104,
  attributes: 105,
  extended: 200,
  extendedReply: 201,
} as const;

export const statusCodes = {
  ok: 0,
  endOfFile: 1,
  noSuchFile: 2,
  permissionDenied: 3,
  failure: 4,
  badMessage: 5,
  unsupported: 8,
} as const;
export type StatusCode = (typeof statusCodes)[keyof typeof statusCodes];

export const openFlags = { read: 1, write: 2, append: 4, create: 8, truncate: 16, exclusive: 32 } as const;

/** A packet that is no packet: the client gets a status for it when it has a number, else it loses the connection. */
export class BrokenPacket extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'BrokenPacket';
  }
}

export type Fields = {
  uint32(): number;
  /** A 64 bit number; what is too big for a file's size is refused. */
  uint64(): number;
  /** Length and bytes; a view of the packet. */
  bytes(): Buffer;
  readonly left: number;
};

/** Reads fields one after the other; never beyond the end. */
export function readFields(packet: Buffer, from: number): Fields {
  let at = from;
  const take = (length: number): number => {
    if (length > packet.length - at) throw new BrokenPacket('the packet is shorter than it says');
    at += length;
    return at - length;
  };
  return {
    uint32: () => packet.readUInt32BE(take(4)),
    uint64() {
      const value = packet.readBigUInt64BE(take(8));
      if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new BrokenPacket('a number is beyond any file');
      return Number(value);
    },
    bytes() {
      const length = packet.readUInt32BE(take(4));
      const start = take(length);
      return packet.subarray(start, start + length);
    },
    get left() {
      return packet.length - at;
    },
  };
}

export const uint32 = (value: number): Buffer => {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
};
export const uint64 = (value: number): Buffer => {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
};
export const string = (value: string | Buffer): Buffer => {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([uint32(bytes.length), bytes]);
};

/** A whole packet with its length in front; `id` is absent in the answer to `init` only. */
export function packet(type: number, id: number | undefined, ...parts: readonly Buffer[]): Buffer {
  const head = Buffer.allocUnsafe(id === undefined ? 5 : 9);
  const length = parts.reduce((total, part) => total + part.length, head.length - 4);
  head.writeUInt32BE(length);
  head.writeUInt8(type, 4);
  if (id !== undefined) head.writeUInt32BE(id, 5);
  return Buffer.concat([head, ...parts]);
}

export function statusReply(id: number, code: StatusCode, message = ''): Buffer {
  return packet(packetTypes.status, id, uint32(code), string(message), string(''));
}
