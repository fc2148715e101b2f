/**
 * The wire form of netlink: headers, attributes and their payloads (linux/netlink.h). Only bytes, no sockets.
 * All numbers are in host order, which is little endian on every machine that is supported.
 */
export type NetlinkMessage = { type: number; flags: number; sequence: number; body: Buffer };
export type Attributes = ReadonlyMap<number, Buffer>;

export const messageFlags = {
  request: 0x1,
  acknowledge: 0x4,
  dump: 0x300,
  replace: 0x100,
  exclusive: 0x200,
  create: 0x400,
} as const;

export const headerBytes = 16;
const attributeHeaderBytes = 4;
/** The upper two bits say "nested" and "network order". */
const attributeTypeMask = 0x3fff;

export function encodeMessage(message: Omit<NetlinkMessage, 'body'> & { body: Uint8Array }): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32LE(headerBytes + message.body.length, 0);
  header.writeUInt16LE(message.type, 4);
  header.writeUInt16LE(message.flags, 6);
  header.writeUInt32LE(message.sequence, 8);
  return Buffer.concat([header, message.body]);
}

/** One attribute, padded to 4 bytes. A list of payloads makes a nested attribute. */
export function attribute(type: number, payload: Uint8Array | readonly Uint8Array[]): Buffer {
  const content = payload instanceof Uint8Array ? payload : Buffer.concat(payload);
  const result = Buffer.alloc(align(attributeHeaderBytes + content.length));
  result.writeUInt16LE(attributeHeaderBytes + content.length, 0);
  result.writeUInt16LE(type, 2);
  result.set(content, attributeHeaderBytes);
  return result;
}

export function text(value: string): Buffer {
  return Buffer.from(`${value}\0`);
}

export function u8(value: number): Buffer {
  return Buffer.from([value]);
}

export function u32(value: number): Buffer {
  const result = Buffer.alloc(4);
  result.writeUInt32LE(value >>> 0);
  return result;
}

/** Splits what one receive returned. */
export function decodeMessages(buffer: Buffer): NetlinkMessage[] {
  const messages: NetlinkMessage[] = [];
  for (let at = 0; at + headerBytes <= buffer.length; ) {
    const length = buffer.readUInt32LE(at);
    if (length < headerBytes || at + length > buffer.length) break;
    messages.push({
      type: buffer.readUInt16LE(at + 4),
      flags: buffer.readUInt16LE(at + 6),
      sequence: buffer.readUInt32LE(at + 8),
      body: buffer.subarray(at + headerBytes, at + length),
    });
    at += align(length);
  }
  return messages;
}

export function decodeAttributes(buffer: Buffer): Attributes {
  const attributes = new Map<number, Buffer>();
  for (let at = 0; at + attributeHeaderBytes <= buffer.length; ) {
    const length = buffer.readUInt16LE(at);
    if (length < attributeHeaderBytes || at + length > buffer.length) break;
    const type = buffer.readUInt16LE(at + 2) & attributeTypeMask;
    attributes.set(type, buffer.subarray(at + attributeHeaderBytes, at + length));
    at += align(length);
  }
  return attributes;
}

/** A text attribute without its closing zero. */
export function readText(payload: Buffer | undefined): string | undefined {
  if (!payload) return undefined;
  const end = payload.indexOf(0);
  return payload.toString('utf8', 0, end < 0 ? payload.length : end);
}

function align(length: number): number {
  return (length + 3) & ~3;
}
