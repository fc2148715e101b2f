/** Copying a volume, or one of its snapshots, to a new volume in the same or another pool, or over an older copy. */
import { fail } from '../../api/errors.ts';
import type { StorageVolumeSource, StorageVolumesPost } from '../../api/resources/volumes.ts';
import type { House } from '../house.ts';
import { keys, type VolumeDoc, type VolumeSnapshotDoc } from '../model.ts';
import type { Task } from '../operations/registry.ts';
import type { Pool } from '../ports/storage.ts';
import { diskBytes, volumeConfig } from './config.ts';
import { draftVolume, enterVolume, type VolumeNeeds } from './create.ts';
import {
  contentKind,
  findVolume,
  findVolumeSnapshot,
  lookUpVolume,
  namedVolumeProject,
  nameQueue,
  openPool,
  volumeById,
  volumeSnapshots,
} from './find.ts';
import { checkNobodyUp, volumeStandingStill } from './still.ts';
import { volumeTold } from './told.ts';

export type CopySource = { volume: VolumeDoc; snapshot?: VolumeSnapshotDoc; withSnapshots: boolean };

/** The volume or snapshot (`volume/snapshot`) that a request names. */
export function copySource(
  house: Pick<House, 'documents'>,
  here: { pool: string; project: string },
  source: StorageVolumeSource,
): CopySource {
  const [name = '', snapshotName, ...more] = (source.name ?? '').split('/');
  if (name === '' || snapshotName === '' || more.length > 0)
    fail('volume.source', { reason: `"${source.name ?? ''}" is not the name of a volume or of a snapshot` });
  const project = source.project ? namedVolumeProject(house, source.project) : here.project;
  const volume = findVolume(house, { pool: source.pool || here.pool, project, name });
  if (snapshotName === undefined) return { volume, withSnapshots: source.volume_only !== true };
  return { volume, snapshot: findVolumeSnapshot(house, volume, snapshotName), withSnapshots: false };
}

/** What the copy will be; a request without config gets that of its source. */
export function draftCopy(
  house: VolumeNeeds,
  place: { pool: string; project: string },
  body: StorageVolumesPost,
  from: CopySource,
): VolumeDoc {
  const given = from.snapshot ?? from.volume;
  const doc = draftVolume(
    house,
    place,
    { ...body, config: body.config ?? given.config, description: body.description ?? given.description },
    from.volume.contentType,
  );
  if (doc.contentType !== 'filesystem' && diskBytes(doc.config) < diskBytes(from.volume.config))
    fail('volume.config', {
      reason: `size: the source has ${from.volume.config.size ?? '10GiB'}, a copy cannot have less`,
    });
  return doc;
}

export function copyVolume(house: VolumeNeeds, doc: VolumeDoc, from: CopySource, task: Task): Promise<void> {
  return enterVolume(house, doc, (pool) => copyFiles(house, pool, doc, from, task.signal));
}

/** Copies files to the volume `doc.id` of `pool`, snapshots first, so that all appears at once. */
async function copyFiles(
  house: VolumeNeeds,
  pool: Pool,
  doc: VolumeDoc,
  from: CopySource,
  signal: AbortSignal,
): Promise<VolumeSnapshotDoc[]> {
  return house.queue(from.volume.id, async () => {
    const volume = volumeById(house, from.volume.id);
    const snapshots = from.withSnapshots ? volumeSnapshots(house, volume.id) : [];
    for (const { id } of snapshots) await copyState(house, pool, volume, id, { id: doc.id, snapshot: id }, signal);
    const copyNewest = () => copyState(house, pool, volume, from.snapshot?.id, { id: doc.id }, signal);
    if (from.snapshot) await copyNewest();
    else await volumeStandingStill(house, volume, copyNewest);
    if (doc.contentType === 'block') await pool.custom.grow(doc.id, diskBytes(doc.config));
    return snapshots.map((snapshot) => ({ ...snapshot, volume: doc.id }));
  });
}

export function copyState(
  house: Pick<House, 'documents' | 'pools' | 'brokenPools'>,
  to: Pool,
  volume: VolumeDoc,
  snapshot: string | undefined,
  at: { id: string; snapshot?: string },
  signal: AbortSignal,
): Promise<void> {
  const from = { id: volume.id, ...(snapshot === undefined ? {} : { snapshot }) };
  const path = openPool(house, volume.pool).custom.path(from, contentKind(volume));
  return to.custom.copyFrom(path, at, { signal });
}

/**
 * Brings an older copy up to date: its content and its snapshots become those of the source. Snapshots that both have
 * (same name and time) are not copied again. A copy that is not there is made.
 */
export function refreshVolume(
  house: VolumeNeeds,
  place: { pool: string; project: string },
  body: StorageVolumesPost,
  from: CopySource,
  task: Task,
): Promise<void> {
  const target = { ...place, name: body.name ?? '' };
  const old = lookUpVolume(house, target);
  if (!old) return copyVolume(house, draftCopy(house, place, body, from), from, task);
  if (old.id === from.volume.id) fail('volume.source', { reason: 'a volume cannot be refreshed from itself' });
  if (old.contentType !== from.volume.contentType)
    fail('volume.source', { reason: `${old.name} holds ${old.contentType}, the source ${from.volume.contentType}` });
  const excludeOlder = body.source?.refresh_exclude_older === true;
  return house.queue(nameQueue(target), () =>
    house.queue(old.id, () => refresh(house, old.id, from, excludeOlder, task)),
  );
}

async function refresh(
  house: VolumeNeeds,
  id: string,
  from: CopySource,
  excludeOlder: boolean,
  task: Task,
): Promise<void> {
  const old = volumeById(house, id);
  checkNobodyUp(house, old, 'volume.running');
  const pool = openPool(house, old.pool);
  const fresh: VolumeDoc = { ...old, id: house.clock.uuid().replaceAll('-', '').slice(-12) };
  const own = volumeSnapshots(house, id);
  const same = (a: VolumeSnapshotDoc, b: VolumeSnapshotDoc) => a.name === b.name && a.createdAt === b.createdAt;
  const theirs = from.withSnapshots ? volumeSnapshots(house, from.volume.id) : own;
  const newest = own.at(-1)?.createdAt ?? '';
  const wanted = theirs.filter(
    (one) => !own.some((known) => same(known, one)) && !(excludeOlder && one.createdAt < newest),
  );
  const gone = own.filter((one) => !theirs.some((other) => same(one, other)));
  const added = wanted.map((snapshot) => ({ ...snapshot, id: house.clock.randomHex(6), volume: id }));
  try {
    await copyFiles(house, pool, fresh, { ...from, withSnapshots: false }, task.signal);
    for (const [index, snapshot] of wanted.entries())
      await copyState(house, pool, from.volume, snapshot.id, { id, snapshot: added[index]?.id ?? '' }, task.signal);
    await pool.custom.replace(id, fresh.id);
    await house.documents.commit([
      { put: keys.volume(id), value: { ...old, config: volumeConfig(old, from.volume.config) } },
      ...added.map((snapshot) => ({ put: keys.volumeSnapshot(id, snapshot.id), value: snapshot })),
      ...gone.map((snapshot) => ({ delete: keys.volumeSnapshot(id, snapshot.id) })),
    ]);
    for (const snapshot of gone) await pool.custom.removeSnapshot(id, snapshot.id);
  } catch (error) {
    await pool.custom.remove(fresh.id);
    for (const snapshot of added)
      if (!house.documents.get(keys.volumeSnapshot(id, snapshot.id))) await pool.custom.removeSnapshot(id, snapshot.id);
    throw error;
  }
  volumeTold(house, 'updated', old);
}
