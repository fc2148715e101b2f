/**
 * What Incus has and this server has none of: lists are empty, so that user interfaces work; what a bridge cannot do is
 * refused in the words of Incus.
 */
import { Type } from 'typebox';
import type { RouteTable } from '../route.ts';
import { ListQuery } from '../schema.ts';

const emptyList = {
  access: 'view',
  answer: 'sync',
  query: ListQuery,
  reply: Type.Array(Type.Unknown()),
} as const;

export const notHereRoutes = {
  'GET /1.0/network-integrations': { summary: 'List the network integrations: there are none', ...emptyList },
  'GET /1.0/network-zones': { summary: 'List the network zones: there are none', ...emptyList },
  'GET /1.0/networks/{name}/peers': { summary: 'Refused: a bridge has no peers', ...emptyList },
  'GET /1.0/networks/{name}/load-balancers': { summary: 'Refused: a bridge has no load balancers', ...emptyList },
  'GET /1.0/storage-pools/{name}/buckets': { summary: 'List the buckets of a pool: there are none', ...emptyList },
} as const satisfies RouteTable;
