/** Ethernet frames written by hand, as a guest with root could send them. Each carries a marker to find it again. */
import { ipToBytes, parseIp } from '../../src/lib/ip.ts';

type Addresses = { source: string; target: string };

export function ethernet(macs: Addresses, type: number, payload: Buffer): Buffer {
  return Buffer.concat([mac(macs.target), mac(macs.source), u16(type), payload]);
}

export function arpReply(
  macs: Addresses,
  sender: { mac: string; ip: string },
  targetIp: string,
  marker: string,
): Buffer {
  const head = Buffer.from([0, 1, 8, 0, 6, 4, 0, 2]);
  const body = [head, mac(sender.mac), ip(sender.ip), mac(macs.target), ip(targetIp), Buffer.from(marker)];
  return ethernet(macs, 0x0806, Buffer.concat(body));
}

export function udp(ports: { source: number; target: number }, marker: string): Buffer {
  const payload = Buffer.from(marker);
  return Buffer.concat([u16(ports.source), u16(ports.target), u16(8 + payload.length), u16(0), payload]);
}

export function ipv4(addresses: Addresses, payload: Buffer): Buffer {
  const head = Buffer.concat([
    Buffer.from([0x45, 0]),
    u16(20 + payload.length),
    Buffer.from([0, 0, 0, 0, 64, 17, 0, 0]),
    ip(addresses.source),
    ip(addresses.target),
  ]);
  head.writeUInt16BE(checksum(head), 10);
  return Buffer.concat([head, payload]);
}

export function ipv6(addresses: Addresses, nextHeader: number, payload: Buffer): Buffer {
  const head = Buffer.concat([Buffer.from([0x60, 0, 0, 0]), u16(payload.length), Buffer.from([nextHeader, 255])]);
  return Buffer.concat([head, ip(addresses.source), ip(addresses.target), payload]);
}

/** Router advertisement 134, neighbour solicitation 135 and advertisement 136, redirect 137. */
export function neighbourMessage(addresses: Addresses, type: number, about: string, marker: string): Buffer {
  const message = Buffer.concat([Buffer.from([type, 0, 0, 0, 0x20, 0, 0, 0]), ip(about), Buffer.from(marker)]);
  const pseudo = Buffer.concat([
    ip(addresses.source),
    ip(addresses.target),
    u16(0),
    u16(message.length),
    u16(0),
    u16(58),
  ]);
  message.writeUInt16BE(checksum(Buffer.concat([pseudo, message])), 2);
  return ipv6(addresses, 58, message);
}

export function vlanTagged(macs: Addresses, type: number, payload: Buffer): Buffer {
  return ethernet(macs, 0x8100, Buffer.concat([u16(7), u16(type), payload]));
}

/** A spanning tree message: 802.3 length instead of a type. */
export function bpdu(source: string, marker: string): Buffer {
  const payload = Buffer.concat([Buffer.from([0x42, 0x42, 3]), Buffer.alloc(35), Buffer.from(marker)]);
  return ethernet({ source, target: '01:80:c2:00:00:00' }, payload.length, payload);
}

function checksum(data: Buffer): number {
  let sum = 0;
  for (let at = 0; at < data.length; at += 2) sum += ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function mac(text: string): Buffer {
  return Buffer.from(text.replaceAll(':', ''), 'hex');
}

function ip(text: string): Buffer {
  const parsed = parseIp(text);
  if (!parsed) throw new Error(`not an address: ${text}`);
  return Buffer.from(ipToBytes(parsed));
}

function u16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 255]);
}
