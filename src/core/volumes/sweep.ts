/** Repair: files of custom volumes and snapshots that have no document here go. Names of the pools' parts are our own ids. */
import type { House } from '../house.ts';
import { keys, type VolumeDoc } from '../model.ts';
import type { Pool } from '../ports/storage.ts';
import { volumeSnapshots } from './find.ts';

export async function clearVolumes(house: Pick<House, 'documents'>, name: string, pool: Pool): Promise<void> {
  for (const id of await pool.custom.list()) {
    if (house.documents.get<VolumeDoc>(keys.volume(id))?.pool !== name) {
      await pool.custom.remove(id);
      continue;
    }
    const known = new Set(volumeSnapshots(house, id).map((snapshot) => snapshot.id));
    for (const snapshot of await pool.custom.snapshots(id))
      if (!known.has(snapshot)) await pool.custom.removeSnapshot(id, snapshot);
  }
}
