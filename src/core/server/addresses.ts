/** Where clients reach this server over HTTPS. */
import { parseListenAddress, reachableAddresses } from '../../lib/listen-address.ts';
import type { House } from '../house.ts';
import { serverConfig } from './config.ts';

/** `host:port` each; none when it does not listen. */
export function serverAddresses(house: Pick<House, 'documents' | 'hostAddresses'>): string[] {
  const address = parseListenAddress(serverConfig(house)['core.https_address'] ?? '');
  return address ? reachableAddresses(address, house.hostAddresses()) : [];
}
