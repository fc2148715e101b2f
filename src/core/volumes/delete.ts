/** Deleting volumes. */
import { fail } from '../../api/errors.ts';
import { instanceUrl } from '../instances/find.ts';
import { keys, type VolumeDoc } from '../model.ts';
import type { VolumeNeeds } from './create.ts';
import { openPool, volumeBackups, volumeById, volumeSnapshots } from './find.ts';
import { volumeSnapshotTold, volumeTold } from './told.ts';
import { instancesWith, volumeUsers } from './users.ts';

/** What is left of the files after a crash is an orphan that repair clears. */
export function deleteVolume(house: VolumeNeeds, { id }: Pick<VolumeDoc, 'id'>): Promise<void> {
  return house.queue(id, async () => {
    const doc = volumeById(house, id);
    // Through a profile of another project, too.
    const users = new Set([...volumeUsers(house)(doc), ...instancesWith(house, doc).map((user) => instanceUrl(user))]);
    if (users.size > 0) fail('volume.in-use', { users: [...users].join(', ') });
    const pool = openPool(house, doc.pool);
    const snapshots = volumeSnapshots(house, id);
    const backups = volumeBackups(house, id);
    await house.documents.commit([
      { delete: keys.volume(id) },
      ...snapshots.map((snapshot) => ({ delete: keys.volumeSnapshot(id, snapshot.id) })),
      ...backups.map((backup) => ({ delete: keys.volumeBackup(id, backup.id) })),
    ]);
    await pool.custom.remove(id);
    for (const backup of backups) await house.backups.remove(backup.id);
    for (const snapshot of snapshots) volumeSnapshotTold(house, 'deleted', doc, snapshot.name);
    volumeTold(house, 'deleted', doc);
  });
}
