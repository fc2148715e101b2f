/**
 * Addresses of this host that make sense to others (neither loopback nor link-local), and the networks that it knows. Read
 * anew at each call.
 */
import { networkInterfaces } from 'node:os';
import { formatIp, type Prefix, prefixOf } from '../lib/ip.ts';
import { listAddresses, listRoutes } from './links.ts';
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

/**
 * Where addresses and routes lead to already, default routes among them. A guest network in their place would hide them from
 * guests. For a daemon in a network of its own those of the host count, too.
 */
export function networksInUse(): Prefix[] {
  const places = doormanPath() === undefined ? (['here'] as const) : (['here', 'host'] as const);
  return places.flatMap((where) => {
    using netlink = openNetlink('route', where);
    return [...listRoutes(netlink), ...listAddresses(netlink).map(({ ip, prefix }) => prefixOf(ip, prefix))];
  });
}
