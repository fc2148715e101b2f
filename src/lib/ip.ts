/**
 * IPv4 and IPv6 addresses and prefixes as numbers: parse, format (RFC 5952), contain, overlap, count. Pure.
 * Text from outside becomes an address only through `parseIp`, so nothing else can reach a rule set or a config file.
 */
export type IpFamily = 'inet' | 'inet6';
export type Ip = { family: IpFamily; value: bigint };
/** `value` has no bits set beyond `length`. */
export type Prefix = { family: IpFamily; value: bigint; length: number };

const bits = { inet: 32, inet6: 128 } as const;

export function parseIp(text: string): Ip | undefined {
  const value = text.includes(':') ? parseIpv6(text) : parseIpv4(text);
  if (value === undefined) return undefined;
  return { family: text.includes(':') ? 'inet6' : 'inet', value };
}

function parseIpv4(text: string): bigint | undefined {
  const parts = text.split('.');
  // Leading zeros are refused: some programs read them as octal.
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return undefined;
  return parts.reduce((value, part) => value * 256n + BigInt(part), 0n);
}

function parseIpv6(text: string): bigint | undefined {
  const halves = embeddedIpv4ToHex(text)?.split('::');
  if (!halves || halves.length > 2) return undefined;
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  const [left = [], right = []] = groups;
  const missing = 8 - left.length - right.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const all = [...left, ...Array<string>(halves.length === 1 ? 0 : missing).fill('0'), ...right];
  if (!all.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return all.reduce((value, group) => value * 65536n + BigInt(`0x${group}`), 0n);
}

/** `::ffff:192.0.2.1` -> `::ffff:c000:201`. */
function embeddedIpv4ToHex(text: string): string | undefined {
  if (!text.includes('.')) return text;
  const at = text.lastIndexOf(':') + 1;
  const value = parseIpv4(text.slice(at));
  if (value === undefined) return undefined;
  return `${text.slice(0, at)}${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
}

export function formatIp(ip: Ip): string {
  if (ip.family === 'inet') return [24n, 16n, 8n, 0n].map((shift) => (ip.value >> shift) & 255n).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => (ip.value >> BigInt(112 - 16 * i)) & 0xffffn);
  let best = { start: 0, length: 0 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (groups[start + length] === 0n) length++;
    if (length > best.length) best = { start, length };
  }
  const hex = (part: bigint[]) => part.map((group) => group.toString(16)).join(':');
  if (best.length < 2) return hex(groups);
  return `${hex(groups.slice(0, best.start))}::${hex(groups.slice(best.start + best.length))}`;
}

/** `10.0.0.7/24` -> the network 10.0.0.0/24. */
export function parsePrefix(text: string): Prefix | undefined {
  const [address = '', length = '', ...rest] = text.split('/');
  const ip = parseIp(address);
  if (!ip || rest.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(length) || Number(length) > bits[ip.family])
    return undefined;
  return prefixOf(ip, Number(length));
}

export function formatPrefix(prefix: Prefix): string {
  return `${formatIp(prefix)}/${prefix.length}`;
}

export function prefixOf(ip: Ip, length: number): Prefix {
  const shift = BigInt(bits[ip.family] - length);
  return { family: ip.family, value: (ip.value >> shift) << shift, length };
}

export function contains(prefix: Prefix, ip: Ip): boolean {
  return prefix.family === ip.family && prefixOf(ip, prefix.length).value === prefix.value;
}

export function overlaps(a: Prefix, b: Prefix): boolean {
  return a.length <= b.length ? contains(a, b) : contains(b, a);
}

/** Whether a host of this subnet may have the address: in it, and for IPv4 neither its first nor its last one. */
export function isHostAddress(subnet: Prefix, ip: Ip): boolean {
  if (!contains(subnet, ip)) return false;
  return ip.value !== subnet.value && (ip.family === 'inet6' || ip.value !== nthAddress(subnet, -1)?.value);
}

/** The nth address of the prefix (0 is the network itself, -1 the last one); undefined when it has none. */
export function nthAddress(prefix: Prefix, n: number | bigint): Ip | undefined {
  const size = 1n << BigInt(bits[prefix.family] - prefix.length);
  const offset = BigInt(n) < 0n ? size + BigInt(n) : BigInt(n);
  if (offset < 0n || offset >= size) return undefined;
  return { family: prefix.family, value: prefix.value + offset };
}

/** `24` -> `255.255.255.0`. */
export function ipv4Mask(length: number): string {
  return formatIp(prefixOf({ family: 'inet', value: 0xffffffffn }, length));
}

export function ipToBytes(ip: Ip): Uint8Array {
  const length = bits[ip.family] / 8;
  return Uint8Array.from({ length }, (_, i) => Number((ip.value >> BigInt(8 * (length - 1 - i))) & 255n));
}

/** 4 or 16 bytes in network order. */
export function ipFromBytes(bytes: Uint8Array): Ip {
  const value = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  return { family: bytes.length === 4 ? 'inet' : 'inet6', value };
}

/** A unique local /64 (RFC 4193): fd, then 7 of the random bytes given (40 bits of global id, 16 of subnet). */
export function uniqueLocalPrefix(random: Uint8Array): Prefix {
  if (random.length < 7) throw new RangeError(`a unique local prefix needs 7 random bytes, not ${random.length}`);
  const bytes = Uint8Array.from({ length: 16 }, (_, i) => (i === 0 ? 0xfd : i < 8 ? (random[i - 1] ?? 0) : 0));
  return prefixOf(ipFromBytes(bytes), 64);
}

export function isMac(text: string): boolean {
  return /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text);
}

/** The link-local address that the kernel gives an interface with this MAC (EUI-64). */
export function linkLocalOf(mac: string): Ip {
  const m = mac.split(':').map((part) => Number.parseInt(part, 16));
  const interfaceId = [(m[0] ?? 0) ^ 2, m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5]].map((byte) => byte ?? 0);
  return ipFromBytes(Uint8Array.from([0xfe, 0x80, 0, 0, 0, 0, 0, 0, ...interfaceId]));
}
