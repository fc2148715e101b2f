/** Forwards of networks: ports of one address of the host go to guests. */
import { type Static, Type } from 'typebox';
import type { RouteTable } from '../route.ts';
import { Body, ConfigMap, Empty, ItemQuery, ListQuery, Loose, LooseConfigMap, ProjectQuery } from '../schema.ts';

/** Ports are lists with ranges, like `80,443,8000-8010`. An empty target port is the listen port. */
export const NetworkForwardPort = Type.Object({
  description: Type.String(),
  protocol: Type.String(),
  listen_port: Type.String(),
  target_port: Type.String(),
  target_address: Type.String(),
});
export type NetworkForwardPort = Static<typeof NetworkForwardPort>;

export const NetworkForward = Type.Object({
  description: Type.String(),
  config: ConfigMap,
  ports: Type.Array(NetworkForwardPort),
  listen_address: Type.String(),
  location: Type.String(),
});
export type NetworkForward = Static<typeof NetworkForward>;

const LoosePort = Body({
  description: Type.Optional(Type.String()),
  protocol: Type.String(),
  listen_port: Type.String(),
  target_port: Type.Optional(Type.String()),
  target_address: Type.String(),
});
const editable = {
  description: Type.Optional(Type.String()),
  config: Loose(LooseConfigMap),
  ports: Loose(Type.Array(LoosePort)),
};
const ignored = { location: Type.Optional(Type.Unknown()) };
export const NetworkForwardPut = Body({ ...editable, ...ignored, listen_address: Type.Optional(Type.String()) });
export const NetworkForwardsPost = Body({ ...editable, ...ignored, listen_address: Type.String() });
export type NetworkForwardPut = Static<typeof NetworkForwardPut>;

export const networkForwardRoutes = {
  'GET /1.0/networks/{name}/forwards': {
    summary: 'List the forwards of a network',
    access: 'view',
    answer: 'sync',
    query: ListQuery,
    reply: Type.Array(Type.Union([Type.String(), NetworkForward])),
  },
  'POST /1.0/networks/{name}/forwards': {
    summary: 'Create a forward',
    access: 'manage',
    answer: 'created',
    query: ProjectQuery,
    body: NetworkForwardsPost,
  },
  'GET /1.0/networks/{name}/forwards/{address}': {
    summary: 'Get a forward',
    access: 'view',
    answer: 'sync',
    query: ItemQuery,
    reply: NetworkForward,
    etag: ['description', 'config', 'ports'],
  },
  'PUT /1.0/networks/{name}/forwards/{address}': {
    summary: 'Replace a forward',
    access: 'manage',
    answer: 'sync',
    query: ProjectQuery,
    body: NetworkForwardPut,
    reply: Empty,
  },
  'PATCH /1.0/networks/{name}/forwards/{address}': {
    summary: 'Change parts of a forward',
    access: 'manage',
    answer: 'sync',
    query: ProjectQuery,
    body: NetworkForwardPut,
    reply: Empty,
  },
  'DELETE /1.0/networks/{name}/forwards/{address}': {
    summary: 'Delete a forward',
    access: 'manage',
    answer: 'sync',
    query: ProjectQuery,
    reply: Empty,
  },
} as const satisfies RouteTable;
