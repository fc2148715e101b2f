/** Routes of storage volumes. `{type}` is custom, container, virtual-machine or image. */
import { Type } from 'typebox';
import type { RouteTable } from '../route.ts';
import { Body, Empty, ListQuery, ProjectQuery } from '../schema.ts';
import {
  StorageVolume,
  StorageVolumeBackup,
  StorageVolumeBackupsPost,
  StorageVolumePost,
  StorageVolumePut,
  StorageVolumeSnapshot,
  StorageVolumeSnapshotPost,
  StorageVolumeSnapshotPut,
  StorageVolumeSnapshotsPost,
  StorageVolumeState,
  StorageVolumesPost,
} from './volumes.ts';

const view = { access: 'view', answer: 'sync', query: ProjectQuery } as const;
const manage = { access: 'manage', query: ProjectQuery } as const;

export const volumeRoutes = {
  'GET /1.0/storage-pools/{pool}/volumes': {
    ...view,
    summary: 'List the volumes of a storage pool',
    query: ListQuery,
    reply: Type.Array(Type.Union([Type.String(), StorageVolume])),
  },
  'POST /1.0/storage-pools/{pool}/volumes': {
    ...manage,
    summary: 'Create a custom volume; the body names its type',
    answer: 'varied',
    body: StorageVolumesPost,
    reply: Empty,
  },
  'GET /1.0/storage-pools/{pool}/volumes/{type}': {
    ...view,
    summary: 'List the volumes of one type',
    query: ListQuery,
    reply: Type.Array(Type.Union([Type.String(), StorageVolume])),
  },
  'POST /1.0/storage-pools/{pool}/volumes/{type}': {
    ...manage,
    summary: 'Create a custom volume: empty, as a copy, from a backup or an ISO image',
    answer: 'varied',
    body: StorageVolumesPost,
    stream: true,
    reply: Empty,
  },
  'GET /1.0/storage-pools/{pool}/volumes/{type}/{volume}': {
    ...view,
    summary: 'Get a volume',
    reply: StorageVolume,
    etag: ['name', 'type', 'config', 'description'],
  },
  'PUT /1.0/storage-pools/{pool}/volumes/{type}/{volume}': {
    ...manage,
    summary: 'Replace the config of a volume, or restore a snapshot',
    answer: 'sync',
    body: StorageVolumePut,
    reply: Empty,
  },
  'PATCH /1.0/storage-pools/{pool}/volumes/{type}/{volume}': {
    ...manage,
    summary: 'Change parts of the config of a volume',
    answer: 'sync',
    body: StorageVolumePut,
    reply: Empty,
  },
  'POST /1.0/storage-pools/{pool}/volumes/{type}/{volume}': {
    ...manage,
    summary: 'Rename a volume, move it to another pool or project, or send it to another server',
    answer: 'varied',
    body: StorageVolumePost,
  },
  'DELETE /1.0/storage-pools/{pool}/volumes/{type}/{volume}': {
    ...manage,
    summary: 'Delete a volume',
    answer: 'sync',
    reply: Empty,
  },
  'GET /1.0/storage-pools/{pool}/volumes/{type}/{volume}/state': {
    ...view,
    summary: 'Get the space that a volume takes',
    reply: StorageVolumeState,
  },
  'GET /1.0/storage-pools/{pool}/volumes/{type}/{volume}/snapshots': {
    ...view,
    summary: 'List the snapshots of a volume',
    query: ListQuery,
    reply: Type.Array(Type.Union([Type.String(), StorageVolumeSnapshot])),
  },
  'POST /1.0/storage-pools/{pool}/volumes/{type}/{volume}/snapshots': {
    ...manage,
    summary: 'Take a snapshot of a volume',
    answer: 'async',
    body: StorageVolumeSnapshotsPost,
  },
  'GET /1.0/storage-pools/{pool}/volumes/{type}/{volume}/snapshots/{snapshot}': {
    ...view,
    summary: 'Get a snapshot of a volume',
    reply: StorageVolumeSnapshot,
    etag: ['description', 'expires_at'],
  },
  'PUT /1.0/storage-pools/{pool}/volumes/{type}/{volume}/snapshots/{snapshot}': {
    ...manage,
    summary: 'Replace description and expiry of a snapshot of a volume',
    answer: 'sync',
    body: StorageVolumeSnapshotPut,
    reply: Empty,
  },
  'PATCH /1.0/storage-pools/{pool}/volumes/{type}/{volume}/snapshots/{snapshot}': {
    ...manage,
    summary: 'Change description or expiry of a snapshot of a volume',
    answer: 'sync',
    body: StorageVolumeSnapshotPut,
    reply: Empty,
  },
  'POST /1.0/storage-pools/{pool}/volumes/{type}/{volume}/snapshots/{snapshot}': {
    ...manage,
    summary: 'Rename a snapshot of a volume',
    answer: 'async',
    body: StorageVolumeSnapshotPost,
  },
  'DELETE /1.0/storage-pools/{pool}/volumes/{type}/{volume}/snapshots/{snapshot}': {
    ...manage,
    summary: 'Delete a snapshot of a volume',
    answer: 'async',
  },
  'GET /1.0/storage-pools/{pool}/volumes/{type}/{volume}/backups': {
    ...view,
    summary: 'List the backups of a volume',
    query: ListQuery,
    reply: Type.Array(Type.Union([Type.String(), StorageVolumeBackup])),
  },
  'POST /1.0/storage-pools/{pool}/volumes/{type}/{volume}/backups': {
    ...manage,
    summary: 'Make a backup of a volume',
    answer: 'async',
    body: StorageVolumeBackupsPost,
  },
  'GET /1.0/storage-pools/{pool}/volumes/{type}/{volume}/backups/{backup}': {
    ...view,
    summary: 'Get a backup of a volume',
    reply: StorageVolumeBackup,
  },
  'POST /1.0/storage-pools/{pool}/volumes/{type}/{volume}/backups/{backup}': {
    ...manage,
    summary: 'Rename a backup of a volume',
    answer: 'async',
    body: Body({ name: Type.String() }),
  },
  'DELETE /1.0/storage-pools/{pool}/volumes/{type}/{volume}/backups/{backup}': {
    ...manage,
    summary: 'Delete a backup of a volume',
    answer: 'async',
  },
  'GET /1.0/storage-pools/{pool}/volumes/{type}/{volume}/backups/{backup}/export': {
    ...manage,
    summary: 'Download a backup of a volume as a tarball',
    answer: 'raw',
  },
} as const satisfies RouteTable;
