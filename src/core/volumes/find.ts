/** Finding custom volumes and their snapshots by what users say, and their addresses. */
import { fail } from '../../api/errors.ts';
import { backupNameIn } from '../backups/request.ts';
import type { House } from '../house.ts';
import { keys, type PoolDoc, type VolumeBackupDoc, type VolumeDoc, type VolumeSnapshotDoc } from '../model.ts';
import type { Pool } from '../ports/storage.ts';
import { lookUpProject, projectFor } from '../projects/features.ts';
import { inProject } from '../projects/url.ts';
import { onlyCustom } from './type.ts';

type Needs = Pick<House, 'documents'>;

/** What a volume is called by: the project is the one whose volumes are used. */
export type VolumePlace = Pick<VolumeDoc, 'pool' | 'project' | 'name'>;

export const volumeProject = (house: Needs, project: string): string => projectFor(house, 'storage.volumes', project);

/** The same for a project that a body names: the one of the call is known to be there. */
export function namedVolumeProject(house: Needs, project: string): string {
  if (!lookUpProject(house, project)) fail('project.not-found', { name: project });
  return volumeProject(house, project);
}

export function allVolumes(house: Needs): VolumeDoc[] {
  return house.documents.list<VolumeDoc>('volumes/');
}

export function lookUpVolume(house: Needs, place: VolumePlace): VolumeDoc | undefined {
  return allVolumes(house).find(
    (doc) => doc.name === place.name && doc.pool === place.pool && doc.project === place.project,
  );
}

export function findVolume(house: Needs, place: VolumePlace): VolumeDoc {
  return lookUpVolume(house, place) ?? fail('volume.not-found', place);
}

/** What the address of a volume is made of. */
export type VolumeParams = { pool: string; type: string; volume: string };

/** The volume of an address that only custom volumes have. */
export function findCustomVolume(house: Needs, { pool, type, volume: name }: VolumeParams, project: string): VolumeDoc {
  findPool(house, pool);
  onlyCustom(type);
  return findVolume(house, { pool, project: volumeProject(house, project), name });
}

/** The document as it is now; it may have changed while the caller waited in a queue. */
export function volumeById(house: Needs, id: string): VolumeDoc {
  return house.documents.get<VolumeDoc>(keys.volume(id)) ?? fail('volume.not-found', { pool: '' });
}

/** Oldest first. */
export function volumeSnapshots(house: Needs, id: string): VolumeSnapshotDoc[] {
  return house.documents
    .list<VolumeSnapshotDoc>(keys.volumeSnapshotsOf(id))
    .sort((a, b) => a.createdAt.localeCompare(b.createdAt));
}

export function findVolumeSnapshot(house: Needs, volume: VolumeDoc, name: string): VolumeSnapshotDoc {
  return (
    volumeSnapshots(house, volume.id).find((doc) => doc.name === name) ??
    fail('volume-snapshot.not-found', { pool: volume.pool, volume: volume.name })
  );
}

/** Oldest first. */
export function volumeBackups(house: Needs, id: string): VolumeBackupDoc[] {
  return house.documents
    .list<VolumeBackupDoc>(keys.volumeBackupsOf(id))
    .sort((a, b) => a.createdAt.localeCompare(b.createdAt));
}

export function findVolumeBackup(house: Needs, id: string, said: string): VolumeBackupDoc {
  const name = backupNameIn(said);
  return volumeBackups(house, id).find((doc) => doc.name === name) ?? fail('volume-backup.not-found');
}

export function findPool(house: Needs, name: string): PoolDoc {
  return house.documents.get<PoolDoc>(keys.pool(name)) ?? fail('pool.not-found', { name });
}

/** The pool itself; refused when it could not be opened. */
export function openPool(house: Needs & Pick<House, 'pools' | 'brokenPools'>, name: string): Pool {
  findPool(house, name);
  return house.pools.get(name) ?? fail('pool.closed', { name, reason: house.brokenPools.get(name) ?? '' });
}

export function volumeUrl(place: VolumePlace, rest = '', type = 'custom'): string {
  const words = [place.pool, 'volumes', type, place.name].map(encodeURIComponent).join('/');
  return inProject(`/1.0/storage-pools/${words}${rest}`, place.project);
}

export const volumeSnapshotUrl = (place: VolumePlace, snapshot: string): string =>
  volumeUrl(place, `/snapshots/${encodeURIComponent(snapshot)}`);

export const volumeBackupUrl = (place: VolumePlace, backup: string): string =>
  volumeUrl(place, `/backups/${encodeURIComponent(backup)}`);

/** What kind of content the pool keeps for a volume: an ISO image is a disk that nobody writes. */
export const contentKind = ({ contentType }: Pick<VolumeDoc, 'contentType'>): 'filesystem' | 'block' =>
  contentType === 'filesystem' ? 'filesystem' : 'block';

/** Queue of everything that takes this name. Whoever also needs a volume's own queue takes this one first. */
export const nameQueue = ({ pool, project, name }: VolumePlace): string => `volume:${pool}/${project}/${name}`;
