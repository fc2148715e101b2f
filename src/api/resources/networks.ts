/** Networks: managed bridges, and the host's own links as they are. */
import { type Static, Type } from 'typebox';
import type { RouteTable } from '../route.ts';
import { Body, ConfigMap, Empty, ItemQuery, ListQuery, Loose, LooseConfigMap, ProjectQuery } from '../schema.ts';

export const Network = Type.Object({
  name: Type.String(),
  description: Type.String(),
  type: Type.String(),
  config: ConfigMap,
  used_by: Type.Array(Type.String()),
  managed: Type.Boolean(),
  status: Type.String(),
  locations: Type.Union([Type.Array(Type.String()), Type.Null()]),
  project: Type.String(),
});
export type Network = Static<typeof Network>;

const editable = { description: Type.Optional(Type.String()), config: Loose(LooseConfigMap) };
const ignored = {
  used_by: Type.Optional(Type.Unknown()),
  project: Type.Optional(Type.Unknown()),
  managed: Type.Optional(Type.Unknown()),
  status: Type.Optional(Type.Unknown()),
  locations: Type.Optional(Type.Unknown()),
};
export const NetworkPut = Body({
  ...editable,
  ...ignored,
  name: Type.Optional(Type.String()),
  type: Type.Optional(Type.String()),
});
export const NetworksPost = Body({ ...editable, ...ignored, name: Type.String(), type: Type.Optional(Type.String()) });
export type NetworkPut = Static<typeof NetworkPut>;
export type NetworksPost = Static<typeof NetworksPost>;

export const NetworkLease = Type.Object({
  hostname: Type.String(),
  hwaddr: Type.String(),
  address: Type.String(),
  type: Type.String(),
  location: Type.String(),
});
export type NetworkLease = Static<typeof NetworkLease>;

export const NetworkState = Type.Object({
  addresses: Type.Array(
    Type.Object({ family: Type.String(), address: Type.String(), netmask: Type.String(), scope: Type.String() }),
  ),
  counters: Type.Object({
    bytes_received: Type.Integer(),
    bytes_sent: Type.Integer(),
    packets_received: Type.Integer(),
    packets_sent: Type.Integer(),
  }),
  hwaddr: Type.String(),
  mtu: Type.Integer(),
  state: Type.String(),
  type: Type.String(),
  bond: Type.Null(),
  bridge: Type.Union([
    Type.Object({
      id: Type.String(),
      stp: Type.Boolean(),
      forward_delay: Type.Integer(),
      vlan_default: Type.Integer(),
      vlan_filtering: Type.Boolean(),
      upper_devices: Type.Array(Type.String()),
    }),
    Type.Null(),
  ]),
  vlan: Type.Null(),
  ovn: Type.Null(),
});
export type NetworkState = Static<typeof NetworkState>;

export const NetworkAllocation = Type.Object({
  addresses: Type.String(),
  hwaddr: Type.String(),
  nat: Type.Boolean(),
  type: Type.String(),
  used_by: Type.String(),
});
export type NetworkAllocation = Static<typeof NetworkAllocation>;

export const networkRoutes = {
  'GET /1.0/network-allocations': {
    summary: 'List the addresses in use with who uses them',
    access: 'view',
    answer: 'sync',
    query: ListQuery,
    reply: Type.Array(NetworkAllocation),
  },
  'POST /1.0/networks/{name}': {
    summary: 'Rename a network that nothing uses',
    access: 'manage',
    answer: 'created',
    query: ProjectQuery,
    body: Body({ name: Type.String() }),
  },
  'GET /1.0/networks': {
    summary: 'List managed networks and the links of the host',
    access: 'view',
    answer: 'sync',
    query: ListQuery,
    reply: Type.Array(Type.Union([Type.String(), Network])),
  },
  'POST /1.0/networks': {
    summary: 'Create a managed bridge',
    access: 'manage',
    answer: 'created',
    query: ProjectQuery,
    body: NetworksPost,
  },
  'GET /1.0/networks/{name}': {
    summary: 'Get a network',
    access: 'view',
    answer: 'sync',
    query: ItemQuery,
    reply: Network,
    etag: ['name', 'managed', 'type', 'description', 'config'],
  },
  'PUT /1.0/networks/{name}': {
    summary: 'Replace the config of a network',
    access: 'manage',
    answer: 'sync',
    query: ProjectQuery,
    body: NetworkPut,
    reply: Empty,
  },
  'PATCH /1.0/networks/{name}': {
    summary: 'Change parts of the config of a network',
    access: 'manage',
    answer: 'sync',
    query: ProjectQuery,
    body: NetworkPut,
    reply: Empty,
  },
  'DELETE /1.0/networks/{name}': {
    summary: 'Delete a network',
    access: 'manage',
    answer: 'sync',
    query: ProjectQuery,
    reply: Empty,
  },
  'GET /1.0/networks/{name}/state': {
    summary: 'Get addresses and counters of a network',
    access: 'view',
    answer: 'sync',
    query: ProjectQuery,
    reply: NetworkState,
  },
  'GET /1.0/networks/{name}/leases': {
    summary: 'List the addresses given out in a network',
    access: 'view',
    answer: 'sync',
    query: ProjectQuery,
    reply: Type.Array(NetworkLease),
  },
} as const satisfies RouteTable;
