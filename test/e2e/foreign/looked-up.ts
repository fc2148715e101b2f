/** What tests of copies look up on each server: by its socket and on its disk, which is faster than a client for each fact. */
import { existsSync, readdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { type FilesInside, filesHere, filesInside } from './files-inside.ts';

export type Shown = {
  status: string;
  config: Record<string, string>;
  devices: Record<string, Record<string, string>>;
  profiles: string[];
};
type Named = { name: string; created_at: string };
export type Metadata = { properties: Record<string, string>; templates: Record<string, unknown> };

export type Look = {
  get<T>(path: string): Promise<T>;
  shown(instance: string): Promise<Shown>;
  names(): Promise<string[]>;
  /** Names and seconds. */
  snapshots(instance: string): Promise<string[]>;
  volume(name: string): Promise<{ config: Record<string, string> }>;
  volumeSnapshots(name: string): Promise<string[]>;
  metadata(instance: string): Promise<Metadata>;
  /** A place in the root file system of a stopped instance. */
  at(instance: string, ...path: string[]): Promise<string>;
  note(instance: string): Promise<string>;
  put(instance: string, text: string): Promise<void>;
  files: FilesInside;
};

/** `rootOf` says where the root file system of an instance lies on disk. */
export function lookAt(socketPath: string, rootOf: (name: string, shown: Shown) => string, files = filesHere): Look {
  async function get<T>(path: string): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    request({ socketPath, path }, (reply) => void json(reply).then(resolve, reject))
      .on('error', reject)
      .end();
    const { metadata, error } = (await promise) as { metadata: T; error: string };
    if (error) throw new Error(`${path}: ${error}`);
    return metadata;
  }
  const seconds = ({ name, created_at }: Named) => `${name} ${created_at.slice(0, 19)}`;
  const volumePath = (name: string) => `/1.0/storage-pools/default/volumes/custom/${name}`;
  const shown: Look['shown'] = (name) => get(`/1.0/instances/${name}`);
  const at: Look['at'] = async (name, ...path) => join(rootOf(name, await shown(name)), ...path);
  return {
    get,
    shown,
    at,
    names: async () => (await get<Named[]>('/1.0/instances?recursion=1')).map(({ name }) => name).sort(),
    snapshots: async (name) => (await get<Named[]>(`/1.0/instances/${name}/snapshots?recursion=1`)).map(seconds).sort(),
    volume: (name) => get(volumePath(name)),
    volumeSnapshots: async (name) =>
      (await get<string[]>(`${volumePath(name)}/snapshots`)).map((url) => url.split('/').at(-1) ?? '').sort(),
    metadata: (name) => get(`/1.0/instances/${name}/metadata`),
    note: async (name) => files.read(await at(name, 'note')),
    put: async (name, text) => files.write(await at(name, 'note'), text),
    files,
  };
}

/** Of a daemon of ours: a new instance has an id that is part of its UUID. */
export function lookAtOurs(directory: string): Look & { newVolume(work: () => Promise<unknown>): Promise<string> } {
  const pool = join(directory, 'pools/default');
  const files = filesInside(directory);
  const rootOf = (_: string, { config }: Shown) => {
    const id = (config['volatile.uuid'] ?? '').replaceAll('-', '').slice(-12);
    const root = join(pool, 'volumes', id, 'upper');
    if (!existsSync(root)) files.makeDirectory(root);
    return root;
  };
  const look = lookAt(join(directory, 'unix.socket'), rootOf, files);
  return {
    ...look,
    /** Where the files of the custom volume lie that the work makes. */
    async newVolume(work) {
      const before = readdirSync(join(pool, 'custom'));
      await work();
      const made = readdirSync(join(pool, 'custom')).filter((name) => !before.includes(name));
      if (made.length !== 1) throw new Error(`${made.length} new volumes`);
      return join(pool, 'custom', made[0] ?? '', 'root');
    },
  };
}
