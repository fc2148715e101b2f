/** The size of a tree of files: what the pool cannot enforce is said, not ignored in silence. */
import type { House } from '../house.ts';
import type { VolumeDoc } from '../model.ts';

export function warnOfSize(house: Pick<House, 'events'>, doc: VolumeDoc): void {
  if (doc.contentType !== 'filesystem' || doc.config.size === undefined) return;
  house.events.logging(
    'warning',
    `The size ${doc.config.size} of the storage volume ${doc.name} is kept but not enforced: the pool ${doc.pool} has no quotas`,
    { pool: doc.pool, volume: doc.name, project: doc.project },
  );
}
