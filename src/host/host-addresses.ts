/** Addresses of this host that make sense to others: neither loopback nor link-local. Read anew at each call. */
import { networkInterfaces } from 'node:os';

export function hostAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal, address }) => !internal && !/^(169\.254\.|fe[89ab])/i.test(address))
    .map(({ address }) => address);
}
