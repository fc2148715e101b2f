/** Private subnets that do not meet anything this host can reach or was told of (Q01, Q06). */
import { randomBytes } from 'node:crypto';
import { HostError } from '../../lib/host-error.ts';
import {
  formatPrefix,
  ipFromBytes,
  overlaps,
  type Prefix,
  parseIp,
  parsePrefix,
  prefixOf,
  uniqueLocalPrefix,
} from '../../lib/ip.ts';

/** The largest private block first: two hosts that choose at random seldom choose alike. */
const blocks = [
  { candidate: (a: number, b: number) => [10, a, b, 0], tries: 500 },
  { candidate: (a: number, b: number) => [172, 16 + (a & 15), b, 0], tries: 500 },
  { candidate: (_: number, b: number) => [192, 168, b, 0], tries: 500 },
];

/** `used`: prefixes and addresses as text, or prefixes; default routes do not count. */
export function chooseFreeSubnets(used: readonly Prefix[], random = randomBytes): { ipv4: string; ipv6: string } {
  const real = used.filter((prefix) => prefix.length > 0);
  const isFree = (candidate: Prefix) => !real.some((prefix) => overlaps(prefix, candidate));
  const ipv4 = firstFree(isFree, random);
  if (!ipv4) throw new HostError('no private IPv4 /24 is free on this host', { help: 'give ipv4.address yourself' });
  let ipv6 = uniqueLocalPrefix(random(7));
  for (let tries = 0; !isFree(ipv6); tries++) {
    if (tries > 500)
      throw new HostError('no unique local IPv6 /64 is free on this host', { help: 'give ipv6.address yourself' });
    ipv6 = uniqueLocalPrefix(random(7));
  }
  return { ipv4: formatPrefix(ipv4), ipv6: formatPrefix(ipv6) };
}

function firstFree(isFree: (prefix: Prefix) => boolean, random: (size: number) => Uint8Array): Prefix | undefined {
  for (const { candidate, tries } of blocks)
    for (let n = 0; n < tries; n++) {
      const [a = 0, b = 0] = random(2);
      const prefix = prefixOf(ipFromBytes(Uint8Array.from(candidate(a, b))), 24);
      if (isFree(prefix)) return prefix;
    }
  return undefined;
}

/** `10.1.2.3/24` or a bare address. */
export function usedPrefix(text: string): Prefix {
  const ip = parseIp(text);
  const prefix = parsePrefix(text) ?? (ip && prefixOf(ip, ip.family === 'inet' ? 32 : 128));
  if (!prefix) throw new HostError(`neither an address nor a prefix: ${JSON.stringify(text)}`);
  return prefix;
}
