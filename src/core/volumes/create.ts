/** Making an empty custom volume, and entering one whose files are there already. */
import type { StorageVolumesPost } from '../../api/resources/volumes.ts';
import type { House } from '../house.ts';
import { plainConfig } from '../instances/config.ts';
import { keys, type VolumeDoc, type VolumeSnapshotDoc } from '../model.ts';
import type { Pool } from '../ports/storage.ts';
import { enterProject } from '../projects/enter.ts';
import { allowVolume } from '../projects/rules.ts';
import { checkVolumeName, newContent, readContentType, volumeConfig, withPoolDefaults } from './config.ts';
import { findPool, nameQueue, openPool } from './find.ts';
import { warnOfSize } from './size.ts';
import { volumeTold } from './told.ts';

export type VolumeNeeds = Pick<
  House,
  'documents' | 'pools' | 'brokenPools' | 'queue' | 'clock' | 'events' | 'engines' | 'operations' | 'backups'
>;

/** A checked request for a new volume: nothing on the host has been touched. `project` is the effective one. */
export function draftVolume(
  house: VolumeNeeds,
  place: { pool: string; project: string },
  body: Pick<StorageVolumesPost, 'name' | 'description' | 'config' | 'content_type'>,
  contentType: VolumeDoc['contentType'] = readContentType(body.content_type),
): VolumeDoc {
  const pool = findPool(house, place.pool);
  const name = body.name ?? '';
  checkVolumeName(house, { ...place, name });
  const doc: VolumeDoc = {
    id: house.clock.uuid().replaceAll('-', '').slice(-12),
    pool: pool.name,
    project: place.project,
    name,
    description: body.description ?? '',
    contentType,
    config: volumeConfig({ name, contentType }, withPoolDefaults(pool, contentType, plainConfig(body.config))),
    createdAt: house.clock.now().toISOString(),
  };
  allowVolume(house, doc);
  return doc;
}

/** Makes the files by `make` and then the documents, all in one commit. Nothing stays when something fails. */
export function enterVolume(
  house: VolumeNeeds,
  doc: VolumeDoc,
  make: (pool: Pool) => Promise<readonly VolumeSnapshotDoc[]>,
): Promise<void> {
  return house.queue(nameQueue(doc), async () => {
    const pool = openPool(house, doc.pool);
    try {
      // Somebody else may have taken it while we waited.
      checkVolumeName(house, doc);
      allowVolume(house, doc);
      const snapshots = await make(pool);
      // A pool that is deleted meanwhile takes the files with it.
      openPool(house, doc.pool);
      await enterProject(house, doc.project, [
        { put: keys.volume(doc.id), value: doc, expect: 0 },
        ...snapshots.map((snapshot) => ({ put: keys.volumeSnapshot(doc.id, snapshot.id), value: snapshot })),
      ]);
    } catch (error) {
      await pool.custom.remove(doc.id);
      throw error;
    }
    warnOfSize(house, doc);
    volumeTold(house, 'created', doc);
  });
}

export function createEmptyVolume(house: VolumeNeeds, doc: VolumeDoc): Promise<void> {
  return enterVolume(house, doc, async (pool) => {
    await pool.custom.createEmpty(doc.id, newContent(doc));
    return [];
  });
}
