/** Addresses of this host that make sense to others: neither loopback nor link-local. Read anew at each call. */
import { networkInterfaces } from 'node:os';
import { formatIp } from '../lib/ip.ts';
import { listAddresses } from './links.ts';
import { openNetlink } from './netlink.ts';
import { doormanPath } from './outside.ts';

export function hostAddresses(): string[] {
  return (doormanPath() === undefined ? ownAddresses() : addressesOutside()).filter(
    (address) => !/^(169\.254\.|fe[89ab])/i.test(address),
  );
}

const ownAddresses = (): string[] =>
  Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal }) => !internal)
    .map(({ address }) => address);

/** The interfaces of this process are those of its own namespace. */
function addressesOutside(): string[] {
  try {
    using netlink = openNetlink('route', 'host');
    return listAddresses(netlink)
      .filter(({ scope }) => scope === 'global')
      .map(({ ip }) => formatIp(ip));
  } catch {
    // No doorman: nothing of ours can be reached from outside then.
    return [];
  }
}
