/** Finding networks and their access lists, and working on a network alone. */
import { fail } from '../../api/errors.ts';
import type { House } from '../house.ts';
import { keys, type NetworkDoc } from '../model.ts';

export const networkUrl = (name: string): string => `/1.0/networks/${encodeURIComponent(name)}`;

export const aclUrl = (name: string): string => `/1.0/network-acls/${encodeURIComponent(name)}`;

export function findNetwork(house: Pick<House, 'documents'>, name: string): NetworkDoc {
  return house.documents.get<NetworkDoc>(keys.network(name)) ?? fail('network.not-found', { name });
}

/** One change of a network at a time. */
export const inNetwork = <T>(house: Pick<House, 'queue'>, name: string, work: () => Promise<T>): Promise<T> =>
  house.queue(`network:${name}`, work);
