/** Profiles: config and devices that several instances share. */
import { type Static, Type } from 'typebox';
import type { RouteTable } from '../route.ts';
import {
  Body,
  ConfigMap,
  DevicesMap,
  Empty,
  ItemQuery,
  ListQuery,
  Loose,
  LooseConfigMap,
  LooseDevicesMap,
  ProjectQuery,
} from '../schema.ts';

export const Profile = Type.Object({
  name: Type.String(),
  description: Type.String(),
  config: ConfigMap,
  devices: DevicesMap,
  used_by: Type.Array(Type.String()),
  project: Type.String(),
});
export type Profile = Static<typeof Profile>;

const editable = {
  description: Type.Optional(Type.String()),
  config: Loose(LooseConfigMap),
  devices: Loose(LooseDevicesMap),
};
const ignored = { used_by: Type.Optional(Type.Unknown()), project: Type.Optional(Type.Unknown()) };
export const ProfilePut = Body({ ...editable, ...ignored, name: Type.Optional(Type.String()) });
export const ProfilesPost = Body({ ...editable, ...ignored, name: Type.String() });
export type ProfilePut = Static<typeof ProfilePut>;
export type ProfilesPost = Static<typeof ProfilesPost>;

export const profileRoutes = {
  'GET /1.0/profiles': {
    summary: 'List the profiles',
    access: 'view',
    answer: 'sync',
    query: ListQuery,
    reply: Type.Array(Type.Union([Type.String(), Profile])),
  },
  'POST /1.0/profiles': {
    summary: 'Create a profile',
    access: 'manage',
    answer: 'created',
    query: ProjectQuery,
    body: ProfilesPost,
  },
  'GET /1.0/profiles/{name}': {
    summary: 'Get a profile',
    access: 'view',
    answer: 'sync',
    query: ItemQuery,
    reply: Profile,
    etag: ['config', 'description', 'devices'],
  },
  'PUT /1.0/profiles/{name}': {
    summary: 'Replace a profile; instances that use it change with it',
    access: 'manage',
    answer: 'sync',
    query: ProjectQuery,
    body: ProfilePut,
    reply: Empty,
  },
  'PATCH /1.0/profiles/{name}': {
    summary: 'Change parts of a profile',
    access: 'manage',
    answer: 'sync',
    query: ProjectQuery,
    body: ProfilePut,
    reply: Empty,
  },
  'POST /1.0/profiles/{name}': {
    summary: 'Rename a profile',
    access: 'manage',
    answer: 'created',
    query: ProjectQuery,
    body: Body({ name: Type.String() }),
  },
  'DELETE /1.0/profiles/{name}': {
    summary: 'Delete a profile',
    access: 'manage',
    answer: 'sync',
    query: ProjectQuery,
    reply: Empty,
  },
} as const satisfies RouteTable;
