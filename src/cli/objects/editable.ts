/**
 * Things with keys that can be shown, read and changed: one description per kind, so that `get`, `set`, `unset`, `show` and
 * `edit` are written once. Changes are read-change-write with the ETag: what somebody else changed meanwhile is not lost.
 */
import type { Context } from '../context.ts';
import { tellScreenChange } from './screen-change.ts';

export type Fields = Record<string, unknown>;
export type Devices = Record<string, Record<string, string>>;
export type Loaded = { value: Fields; etag: string | undefined };

export type Editable = {
  /** How messages call it. */
  label: string;
  read(context: Context): Promise<Loaded>;
  write(context: Context, value: Fields, etag: string | undefined): Promise<unknown>;
  /** Fields that `edit` offers, in this order; `config` and what a PUT takes. */
  editable: readonly string[];
  /** Where `set` and `get` find their keys. */
  keys: 'config' | 'properties';
};

export function instance(name: string): Editable {
  const params = { name };
  return {
    label: name,
    read: async (context) => (await context.client.read('GET /1.0/instances/{name}', { params })) as Loaded,
    write: async (context, value, etag) => {
      const body = pick(value, [
        'architecture',
        'config',
        'devices',
        'ephemeral',
        'profiles',
        'description',
        'stateful',
      ]);
      const started = await context.client.start('PUT /1.0/instances/{name}', { params, body, ifMatch: etag });
      const done = await context.follow(context.texts('changing', { name }), started);
      tellScreenChange(context, name, done);
      return done;
    },
    editable: ['architecture', 'config', 'devices', 'ephemeral', 'profiles', 'description'],
    keys: 'config',
  };
}

type NamedPath = `/1.0/${'profiles' | 'projects' | 'networks' | 'network-acls' | 'storage-pools'}/{name}`;

/** What its name alone leads to, and a PUT of its fields replaces. */
export function namedEditable(path: NamedPath, name: string, fields: readonly string[]): Editable {
  const params = { name };
  return {
    label: name,
    read: async (context) => (await context.client.read(`GET ${path}`, { params })) as Loaded,
    write: (context, value, etag) =>
      context.client.call(`PUT ${path}`, { params, body: pick(value, fields), ifMatch: etag }),
    editable: fields,
    keys: 'config',
  };
}

export const profile = (name: string) =>
  namedEditable('/1.0/profiles/{name}', name, ['config', 'description', 'devices']);
export const project = (name: string) => namedEditable('/1.0/projects/{name}', name, ['config', 'description']);
export const network = (name: string) => namedEditable('/1.0/networks/{name}', name, ['config', 'description']);
export const pool = (name: string) => namedEditable('/1.0/storage-pools/{name}', name, ['config', 'description']);

export function image(fingerprint: string): Editable {
  const params = { fingerprint };
  return {
    label: fingerprint.slice(0, 12),
    read: async (context) => (await context.client.read('GET /1.0/images/{fingerprint}', { params })) as Loaded,
    write: (context, value, etag) =>
      context.client.call('PUT /1.0/images/{fingerprint}', {
        params,
        body: pick(value, ['auto_update', 'properties', 'public', 'expires_at', 'profiles']),
        ifMatch: etag,
      }),
    editable: ['auto_update', 'properties', 'public', 'expires_at', 'profiles'],
    keys: 'properties',
  };
}

export function certificate(fingerprint: string): Editable {
  const params = { fingerprint };
  const editable = ['name', 'type', 'restricted', 'projects', 'description'];
  return {
    label: fingerprint.slice(0, 12),
    read: async (context) => (await context.client.read('GET /1.0/certificates/{fingerprint}', { params })) as Loaded,
    write: (context, value, etag) =>
      context.client.call('PATCH /1.0/certificates/{fingerprint}', {
        params,
        body: pick(value, editable),
        ifMatch: etag,
      }),
    editable,
    keys: 'config',
  };
}

export const server: Editable = {
  label: 'server',
  read: async (context) => (await context.client.read('GET /1.0')) as Loaded,
  write: (context, value, etag) => context.client.call('PUT /1.0', { body: pick(value, ['config']), ifMatch: etag }),
  editable: ['config'],
  keys: 'config',
};

/** Without a name, `config` commands mean the server. */
export const instanceOrServer = (name: string | undefined) => (name === undefined ? server : instance(name));

export function pick(value: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(names.filter((name) => value[name] !== undefined).map((name) => [name, value[name]]));
}
