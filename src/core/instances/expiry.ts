/** Snapshots and backups that have reached their age are deleted. One timer, set to the next one that is due; nothing is polled. */
import { deleteBackup } from '../backups/change.ts';
import { keys } from '../model.ts';
import { deleteVolumeBackup } from '../volumes/backups.ts';
import type { VolumeNeeds } from '../volumes/create.ts';
import { deleteVolumeSnapshot } from '../volumes/snapshots.ts';
import { deleteSnapshot, type SnapshotNeeds } from './snapshots.ts';

/** Timers do not see that the clock was set: the wall clock is looked at again after so long. */
const longestMs = 10 * 60_000;

type Needs = SnapshotNeeds & VolumeNeeds;
type Ageing = { name: string; expiresAt: string; instance?: string; volume?: string };
type Kind = { what: string; folder: string; remove(house: Needs, owner: string, name: string): Promise<void> };

/** What ages: where it is stored, and how one of it is deleted. */
const kinds: readonly Kind[] = [
  { what: 'snapshot', folder: 'snapshots/', remove: deleteSnapshot },
  { what: 'backup', folder: 'backups/', remove: deleteBackup },
  { what: 'volume snapshot', folder: 'volume-snapshots/', remove: deleteVolumeSnapshot },
  { what: 'volume backup', folder: 'volume-backups/', remove: deleteVolumeBackup },
];

export const ageingFolders = kinds.map(({ folder }) => folder);

/** Call `look` whenever something in one of the folders may have come or changed. */
export function createExpiry(house: Needs): { look(): void } & Disposable {
  let timer: NodeJS.Timeout | undefined;
  const due = () =>
    kinds.flatMap((kind) =>
      house.documents
        .list<Ageing>(kind.folder)
        .filter((doc) => doc.expiresAt !== '')
        .map((doc) => ({ ...doc, kind })),
    );
  const remove = async (doc: ReturnType<typeof due>[number]) => {
    const { instance = '', volume = instance } = doc;
    if (!house.documents.get(keys.instance(instance)) && !house.documents.get(keys.volume(volume))) return;
    await house.queue(volume, () => doc.kind.remove(house, volume, doc.name));
  };
  const look = () => {
    clearTimeout(timer);
    const now = house.clock.now().getTime();
    const waiting: number[] = [];
    for (const doc of due()) {
      const at = Date.parse(doc.expiresAt);
      if (at > now) waiting.push(at - now);
      else
        remove(doc).catch((error: unknown) =>
          house.events.logging('warning', `The expired ${doc.kind.what} ${doc.name} could not be deleted: ${error}`),
        );
    }
    if (waiting.length > 0) timer = setTimeout(look, Math.min(longestMs, Math.min(...waiting) + 1)).unref();
  };
  return { look, [Symbol.dispose]: () => clearTimeout(timer) };
}
