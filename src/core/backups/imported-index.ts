/** Reading what an index says about the instance in a backup: nothing of it is taken at its word. */
import { fail } from '../../api/errors.ts';
import { snapshotNameError } from '../../lib/names.ts';
import { plainText } from '../../lib/plain-text.ts';
import type { ConfigMap, DevicesMap } from '../model.ts';
import { travellingConfig } from './exported-index.ts';

export type ImportedState = {
  architecture: string;
  config: ConfigMap;
  devices: DevicesMap;
  profiles: string[];
  ephemeral: boolean;
  description: string;
  createdAt: string;
  lastUsedAt: string;
};
export type ImportedSnapshot = ImportedState & { name: string; expiresAt: string };
export type ImportedInstance = ImportedState & {
  type: 'container' | 'virtual-machine';
  name: string;
  pool: string;
  snapshots: ImportedSnapshot[];
};

const neverUsed = '0001-01-01T00:00:00Z';

export function readImported(index: unknown): ImportedInstance {
  const top = record(index, 'the index');
  const type = plainText(top.type ?? 'container');
  if (type !== 'container' && type !== 'virtual-machine')
    return invalid(`it is a backup of type "${shown(type)}", not of an instance`);
  if (top.optimized === true)
    invalid('it is in the optimized format of a storage driver; export it without --optimized-storage');
  if (!top.config)
    invalid('its index has no config: it was made by a very old version; import and export it there first');
  const config = record(top.config, 'config');
  const container = record(config.container, 'config.container');
  const listed = list(top.snapshots, 'snapshots').map(String);
  const described = list(config.snapshots, 'config.snapshots').map((entry) => readSnapshot(entry));
  return {
    ...readState(container),
    type,
    name: plainText(top.name ?? container.name),
    pool: plainText(top.pool),
    snapshots: listed.map(
      (name) =>
        described.find((one) => one.name === name) ??
        invalid(`its index does not describe the snapshot ${shown(name)}`),
    ),
  };
}

function readSnapshot(entry: unknown): ImportedSnapshot {
  const snapshot = record(entry, 'config.snapshots');
  // Incus of some versions writes `instance/snapshot`.
  const name = plainText(snapshot.name).split('/').at(-1) ?? '';
  const reason = snapshotNameError(name);
  if (reason) fail('snapshot.name', { reason });
  const expiresAt = time(snapshot.expires_at, '');
  return { ...readState(snapshot), name, expiresAt };
}

function readState(state: Record<string, unknown>): ImportedState {
  return {
    architecture: plainText(state.architecture),
    config: travellingConfig(texts(state.config, 'config')),
    devices: Object.fromEntries(
      Object.entries(record(state.devices ?? {}, 'devices')).map(([name, device]) => [
        name,
        texts(device, `devices.${name}`),
      ]),
    ),
    profiles: list(state.profiles, 'profiles').map(String),
    ephemeral: state.ephemeral === true,
    description: plainText(state.description),
    createdAt: time(state.created_at, new Date().toISOString()),
    lastUsedAt: time(state.last_used_at, neverUsed),
  };
}

export function time(value: unknown, otherwise: string): string {
  const date = new Date(plainText(value));
  return date.getTime() > 0 ? date.toISOString() : otherwise;
}

export function texts(value: unknown, what: string): ConfigMap {
  const pairs = Object.entries(record(value ?? {}, what)).map(([key, item]) => {
    if (item !== null && typeof item === 'object') invalid(`${what}.${shown(key)} in its index is not a text`);
    return [key, item === null ? '' : plainText(item)];
  });
  return Object.fromEntries(pairs.filter(([, text]) => text !== ''));
}

export function record(value: unknown, what: string): Record<string, unknown> {
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
  return invalid(`${what} in its index is not a map`);
}

export function list(value: unknown, what: string): unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : invalid(`${what} in its index is not a list`);
}

const shown = (text: string) => text.slice(0, 80);

function invalid(reason: string): never {
  return fail('backup.invalid', { reason });
}
