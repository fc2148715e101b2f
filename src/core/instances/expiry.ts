/** Snapshots and backups that have reached their age are deleted. */
import { deleteBackup } from '../backups/change.ts';
import { createDueWork, type DueWork, earliest } from '../due-work.ts';
import { keys } from '../model.ts';
import { deleteVolumeBackup } from '../volumes/backups.ts';
import type { VolumeNeeds } from '../volumes/create.ts';
import { deleteVolumeSnapshot } from '../volumes/snapshots.ts';
import { deleteSnapshot, type SnapshotNeeds } from './snapshots.ts';

type Needs = SnapshotNeeds & VolumeNeeds;
type Ageing = { id: string; name: string; expiresAt: string; instance?: string; volume?: string };
type Kind = { what: string; folder: string; remove(house: Needs, owner: string, name: string): Promise<void> };

/** What ages: where it is stored, and how one of it is deleted. */
const kinds: readonly Kind[] = [
  { what: 'snapshot', folder: 'snapshots/', remove: deleteSnapshot },
  { what: 'backup', folder: 'backups/', remove: deleteBackup },
  { what: 'volume snapshot', folder: 'volume-snapshots/', remove: deleteVolumeSnapshot },
  { what: 'volume backup', folder: 'volume-backups/', remove: deleteVolumeBackup },
];

export const ageingFolders = kinds.map(({ folder }) => folder);

/** Call `changed` whenever something in one of the folders may have come or changed. */
export function createExpiry(house: Needs): DueWork {
  const going = new Set<string>();
  const ageing = () =>
    kinds.flatMap((kind) =>
      house.documents
        .list<Ageing>(kind.folder)
        .filter((doc) => doc.expiresAt !== '')
        .map((doc) => ({ kind, doc, atMs: Date.parse(doc.expiresAt) })),
    );
  const begin = (kind: Kind, doc: Ageing) => {
    const key = `${kind.folder}${ownerOf(doc)}/${doc.id}`;
    // Many that are due wait for each other, and more changes are looked at meanwhile.
    if (going.has(key)) return;
    going.add(key);
    removeExpired(house, kind, key, doc)
      .catch((error: unknown) =>
        house.events.logging('warning', `The expired ${kind.what} ${doc.name} could not be deleted: ${error}`),
      )
      .finally(() => going.delete(key));
  };
  return createDueWork(house.clock, (now) => {
    const waitingMs: number[] = [];
    for (const { kind, doc, atMs } of ageing())
      if (atMs > now.getTime()) waitingMs.push(atMs);
      else begin(kind, doc);
    return earliest(waitingMs);
  });
}

const ownerOf = ({ instance, volume }: Ageing): string => volume ?? instance ?? '';

function removeExpired(house: Needs, kind: Kind, key: string, doc: Ageing): Promise<void> {
  const owner = ownerOf(doc);
  return house.queue(owner, async () => {
    // It may have gone while it waited for its turn, or been given another name or a longer life.
    const current = house.documents.get<Ageing>(key);
    if (current?.expiresAt !== doc.expiresAt) return;
    if (!house.documents.get(keys.instance(owner)) && !house.documents.get(keys.volume(owner))) return;
    await kind.remove(house, owner, current.name);
  });
}
