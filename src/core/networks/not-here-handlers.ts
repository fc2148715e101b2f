/** Answers for what Incus has and a bridge has not, and for buckets. */
import { fail } from '../../api/errors.ts';
import type { Handlers } from '../../api/handlers.ts';
import type { notHereRoutes } from '../../api/resources/not-here.ts';
import type { House } from '../house.ts';
import { keys } from '../model.ts';
import { findNetwork } from './find.ts';

export function notHereHandlers(house: Pick<House, 'documents'>): Handlers<typeof notHereRoutes> {
  const cannot = (network: string, what: string) =>
    fail('network.cannot', { type: findNetwork(house, network).type, what });
  return {
    'GET /1.0/network-integrations': () => [],
    'GET /1.0/network-zones': () => [],
    'GET /1.0/networks/{name}/peers': ({ params }) => cannot(params.name, 'peering'),
    'GET /1.0/networks/{name}/load-balancers': ({ params }) => cannot(params.name, 'load balancers'),
    'GET /1.0/storage-pools/{name}/buckets': ({ params }) =>
      house.documents.get(keys.pool(params.name)) ? [] : fail('pool.not-found'),
  };
}
