/** Storage pools. */
import { type Static, Type } from 'typebox';
import type { RouteTable } from '../route.ts';
import { Body, ConfigMap, Empty, ListQuery, Loose, LooseConfigMap, ProjectQuery } from '../schema.ts';

export const StoragePool = Type.Object({
  name: Type.String(),
  description: Type.String(),
  driver: Type.String(),
  config: ConfigMap,
  used_by: Type.Array(Type.String()),
  status: Type.String(),
  locations: Type.Array(Type.String()),
});
export type StoragePool = Static<typeof StoragePool>;

const editable = { description: Type.Optional(Type.String()), config: Loose(LooseConfigMap) };
const ignored = {
  used_by: Type.Optional(Type.Unknown()),
  status: Type.Optional(Type.Unknown()),
  locations: Type.Optional(Type.Unknown()),
};
export const StoragePoolPut = Body({
  ...editable,
  ...ignored,
  name: Type.Optional(Type.String()),
  driver: Type.Optional(Type.String()),
});
export const StoragePoolsPost = Body({ ...editable, ...ignored, name: Type.String(), driver: Type.String() });
export type StoragePoolPut = Static<typeof StoragePoolPut>;
export type StoragePoolsPost = Static<typeof StoragePoolsPost>;

export const StorageResources = Type.Object({
  space: Type.Object({ used: Type.Integer(), total: Type.Integer() }),
  inodes: Type.Object({ used: Type.Integer(), total: Type.Integer() }),
});
export type StorageResources = Static<typeof StorageResources>;

export const storageRoutes = {
  'GET /1.0/storage-pools': {
    summary: 'List the storage pools',
    access: 'view',
    answer: 'sync',
    query: ListQuery,
    reply: Type.Array(Type.Union([Type.String(), StoragePool])),
  },
  'POST /1.0/storage-pools': {
    summary: 'Create a storage pool',
    access: 'admin',
    answer: 'created',
    query: ProjectQuery,
    body: StoragePoolsPost,
  },
  'GET /1.0/storage-pools/{name}': {
    summary: 'Get a storage pool',
    access: 'view',
    answer: 'sync',
    query: ProjectQuery,
    reply: StoragePool,
    etag: ['name', 'driver', 'description', 'config'],
  },
  'PUT /1.0/storage-pools/{name}': {
    summary: 'Replace the config of a storage pool',
    access: 'admin',
    answer: 'sync',
    query: ProjectQuery,
    body: StoragePoolPut,
    reply: Empty,
  },
  'PATCH /1.0/storage-pools/{name}': {
    summary: 'Change parts of the config of a storage pool',
    access: 'admin',
    answer: 'sync',
    query: ProjectQuery,
    body: StoragePoolPut,
    reply: Empty,
  },
  'DELETE /1.0/storage-pools/{name}': {
    summary: 'Delete a storage pool',
    access: 'admin',
    answer: 'sync',
    query: ProjectQuery,
    reply: Empty,
  },
  'GET /1.0/storage-pools/{name}/resources': {
    summary: 'Get the space of a storage pool',
    access: 'view',
    answer: 'sync',
    query: ProjectQuery,
    reply: StorageResources,
  },
} as const satisfies RouteTable;
