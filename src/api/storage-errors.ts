/** Errors of storage pools, of volumes and their snapshots, and of backups: a part of the catalogue in errors.ts. */
import type { ErrorEntry } from './errors.ts';

export const storageErrors = {
  'backup.not-found': { status: 404, text: 'Instance backup not found' },
  'backup.exists': { status: 409, text: 'Backup "{name}" already exists', help: 'Choose another name' },
  'backup.name': { status: 400, text: 'Invalid backup name: {reason}' },
  'backup.compression': { status: 400, text: 'Invalid compression algorithm "{name}"', help: 'One of {known}' },
  'backup.expired': { status: 400, text: 'Backup expiry date is in the past' },
  'backup.invalid': { status: 400, text: 'Invalid backup: {reason}' },
  'backup.no-space': {
    status: 500,
    text: 'No space left on the disk for the backup: {reason}',
    help: 'Free some space; nothing was changed',
  },
  'backup.target-exists': {
    status: 400,
    text: 'Create instance from backup: Cannot restore volume, already exists on target',
    help: 'Give another name: gast import FILE NAME',
  },
  'backup.profile': {
    status: 400,
    text: 'Create instance from backup: Profile "{name}" of the backup does not exist in project "{project}"',
    help: 'Create the profile first: gast profile create {name}',
  },
  'pool.not-found': { status: 404, text: 'Storage pool not found', help: 'gast storage list' },
  'pool.exists': { status: 409, text: 'Storage pool "{name}" already exists' },
  'pool.name': { status: 400, text: 'Invalid storage pool name: {reason}' },
  'pool.driver': { status: 400, text: 'Storage driver "{driver}" is not available here: {reason}' },
  'pool.in-use': { status: 400, text: 'The storage pool is currently in use' },
  'pool.config': { status: 400, text: 'Invalid storage pool config: {reason}' },
  'pool.closed': { status: 500, text: 'The storage pool {name} could not be opened: {reason}', help: 'gast doctor' },
  'volume.not-found': { status: 404, text: 'Storage volume not found', help: 'gast storage volume list {pool}' },
  'volume.exists': { status: 409, text: 'Volume by that name already exists', help: 'Choose another name' },
  'volume.name': { status: 400, text: 'Invalid storage volume name: {reason}' },
  'volume.type': {
    status: 400,
    text: 'Invalid storage volume type "{type}"',
    help: 'custom is what can be made and changed; volumes of guests belong to their guests',
  },
  'volume.config': { status: 400, text: 'Invalid volume config: {reason}' },
  'volume.source': { status: 400, text: 'Invalid volume source: {reason}' },
  'volume.in-use': { status: 400, text: 'The storage volume is still in use', help: 'It is used by {users}' },
  'volume.running': {
    status: 400,
    text: 'Volume is still in use by running instances',
    help: 'Stop or detach first: {users}',
  },
  'volume.restore-running': {
    status: 400,
    text: 'Cannot restore custom volume used by running instances',
    help: 'Stop or detach first: {users}',
  },
  'volume-snapshot.not-found': {
    status: 404,
    text: 'Storage volume snapshot not found',
    help: 'gast storage volume snapshot list {pool} {volume}',
  },
  'volume-backup.not-found': { status: 404, text: 'Storage volume backup not found' },
  'volume-snapshot.exists': { status: 409, text: 'Snapshot "{name}" already in use', help: 'Choose another name' },
} as const satisfies Record<string, ErrorEntry>;
