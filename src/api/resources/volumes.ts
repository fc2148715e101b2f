/** Storage volumes, their snapshots, states and backups, and what requests say about them. */
import { type Static, Type } from 'typebox';
import { Body, ConfigMap, Loose, LooseConfigMap, Time } from '../schema.ts';

export const StorageVolume = Type.Object({
  config: ConfigMap,
  description: Type.String(),
  name: Type.String(),
  type: Type.String(),
  used_by: Type.Array(Type.String()),
  location: Type.String(),
  content_type: Type.String(),
  project: Type.String(),
  created_at: Time,
});
export type StorageVolume = Static<typeof StorageVolume>;

export const StorageVolumeSnapshot = Type.Object({
  description: Type.String(),
  expires_at: Type.Union([Time, Type.Null()]),
  name: Type.String(),
  config: ConfigMap,
  content_type: Type.String(),
  created_at: Time,
});
export type StorageVolumeSnapshot = Static<typeof StorageVolumeSnapshot>;

export const StorageVolumeState = Type.Object({
  usage: Type.Union([Type.Object({ used: Type.Integer(), total: Type.Integer() }), Type.Null()]),
});
export type StorageVolumeState = Static<typeof StorageVolumeState>;

export const StorageVolumeBackup = Type.Object({
  name: Type.String(),
  created_at: Time,
  expires_at: Time,
  volume_only: Type.Boolean(),
  optimized_storage: Type.Boolean(),
});
export type StorageVolumeBackup = Static<typeof StorageVolumeBackup>;

const text = Type.Optional(Type.String());
const bool = Type.Optional(Type.Boolean());
const anything = Type.Optional(Type.Unknown());
/** What a client sends back of an object that it read. */
const shown = {
  name: text,
  type: text,
  used_by: anything,
  location: text,
  content_type: text,
  project: text,
  created_at: anything,
};

export const StorageVolumeSource = Body({
  name: text,
  type: Type.Optional(Type.String({ description: 'copy or migration; empty for a new volume' })),
  pool: text,
  certificate: text,
  mode: text,
  operation: text,
  secrets: Loose(ConfigMap),
  volume_only: bool,
  refresh: bool,
  refresh_exclude_older: bool,
  project: text,
  location: text,
});
export type StorageVolumeSource = Static<typeof StorageVolumeSource>;

const editable = { config: Loose(LooseConfigMap), description: text, restore: Loose(Type.String()) };

export const StorageVolumesPost = Body({ ...shown, ...editable, source: Loose(StorageVolumeSource) });
export type StorageVolumesPost = Static<typeof StorageVolumesPost>;

export const StorageVolumePut = Body({ ...shown, ...editable });
export type StorageVolumePut = Static<typeof StorageVolumePut>;

/** The operation of another server that waits for this one. */
const StorageVolumePostTarget = Type.Object(
  { certificate: text, operation: text, secrets: Loose(ConfigMap) },
  { additionalProperties: false },
);
export const StorageVolumePost = Body({
  name: text,
  pool: text,
  migration: bool,
  target: Loose(StorageVolumePostTarget),
  volume_only: bool,
  project: text,
  source: Loose(StorageVolumeSource),
});
export type StorageVolumePost = Static<typeof StorageVolumePost>;

export const StorageVolumeSnapshotsPost = Body({ name: text, expires_at: Loose(Type.String()), description: text });
export const StorageVolumeSnapshotPut = Body({
  description: text,
  expires_at: Loose(Type.String()),
  name: text,
  config: anything,
  content_type: anything,
  created_at: anything,
});
export const StorageVolumeSnapshotPost = Body({
  name: text,
  migration: bool,
  target: Loose(StorageVolumePostTarget),
  volume_only: bool,
  // Clients send the body of a volume.
  pool: anything,
  project: anything,
  source: anything,
});

export const StorageVolumeBackupsPost = Body({
  name: text,
  expires_at: Loose(Type.String()),
  volume_only: bool,
  optimized_storage: bool,
  compression_algorithm: text,
  target: anything,
});
export type StorageVolumeBackupsPost = Static<typeof StorageVolumeBackupsPost>;
