/** Access lists of networks: what may come in to guests and go out from them. */
import { type Static, Type } from 'typebox';
import type { RouteTable } from '../route.ts';
import { Body, ConfigMap, Empty, ItemQuery, ListQuery, Loose, LooseConfigMap, ProjectQuery } from '../schema.ts';

const text = Type.Optional(Type.String());

const ruleFields = {
  action: Type.String(),
  source: text,
  destination: text,
  protocol: text,
  source_port: text,
  destination_port: text,
  icmp_type: text,
  icmp_code: text,
  description: text,
};

/** Empty fields are left out, as Incus does. */
export const NetworkAclRule = Type.Object({ ...ruleFields, state: Type.String() });
export type NetworkAclRule = Static<typeof NetworkAclRule>;

export const NetworkAcl = Type.Object({
  name: Type.String(),
  description: Type.String(),
  egress: Type.Array(NetworkAclRule),
  ingress: Type.Array(NetworkAclRule),
  config: ConfigMap,
  used_by: Type.Array(Type.String()),
  project: Type.String(),
});
export type NetworkAcl = Static<typeof NetworkAcl>;

const LooseRule = Body({ ...ruleFields, state: text });
export type LooseRule = Static<typeof LooseRule>;

const editable = {
  description: text,
  egress: Loose(Type.Array(LooseRule)),
  ingress: Loose(Type.Array(LooseRule)),
  config: Loose(LooseConfigMap),
};
const ignored = { used_by: Type.Optional(Type.Unknown()), project: Type.Optional(Type.Unknown()) };
export const NetworkAclPut = Body({ ...editable, ...ignored, name: text });
export const NetworkAclsPost = Body({ ...editable, ...ignored, name: Type.String() });
export type NetworkAclPut = Static<typeof NetworkAclPut>;

export const networkAclRoutes = {
  'GET /1.0/network-acls': {
    summary: 'List the access lists',
    access: 'view',
    answer: 'sync',
    query: ListQuery,
    reply: Type.Array(Type.Union([Type.String(), NetworkAcl])),
  },
  'POST /1.0/network-acls': {
    summary: 'Create an access list',
    access: 'manage',
    answer: 'created',
    query: ProjectQuery,
    body: NetworkAclsPost,
  },
  'GET /1.0/network-acls/{name}': {
    summary: 'Get an access list',
    access: 'view',
    answer: 'sync',
    query: ItemQuery,
    reply: NetworkAcl,
    etag: ['description', 'egress', 'ingress', 'config'],
  },
  'PUT /1.0/network-acls/{name}': {
    summary: 'Replace an access list; networks that use it follow at once',
    access: 'manage',
    answer: 'sync',
    query: ProjectQuery,
    body: NetworkAclPut,
    reply: Empty,
  },
  'PATCH /1.0/network-acls/{name}': {
    summary: 'Change parts of an access list',
    access: 'manage',
    answer: 'sync',
    query: ProjectQuery,
    body: NetworkAclPut,
    reply: Empty,
  },
  'POST /1.0/network-acls/{name}': {
    summary: 'Rename an access list',
    access: 'manage',
    answer: 'created',
    query: ProjectQuery,
    body: Body({ name: Type.String() }),
  },
  'DELETE /1.0/network-acls/{name}': {
    summary: 'Delete an access list that no network uses',
    access: 'manage',
    answer: 'sync',
    query: ProjectQuery,
    reply: Empty,
  },
} as const satisfies RouteTable;
