/** Snapshots of custom volumes: taken, changed, deleted, and brought back. The caller holds the volume's queue. */
import { fail } from '../../api/errors.ts';
import { expiryDate } from '../../lib/duration.ts';
import { volumeNameError } from '../../lib/names.ts';
import type { House } from '../house.ts';
import { chosenName, defaultPattern } from '../instances/snapshot-name.ts';
import { keys, type VolumeDoc, type VolumeSnapshotDoc } from '../model.ts';
import { performSteps } from '../operations/perform.ts';
import type { Task } from '../operations/registry.ts';
import type { Step } from '../operations/steps.ts';
import { allowSnapshot } from '../projects/rules.ts';
import type { VolumeNeeds } from './create.ts';
import { findVolumeSnapshot, openPool, volumeById, volumeSnapshots } from './find.ts';
import { checkNobodyUp, volumeStandingStill } from './still.ts';
import { volumeSnapshotTold, volumeTold } from './told.ts';

export type VolumeSnapshotRequest = { name?: string; description?: string; expiresAt?: string };

type Context = { house: VolumeNeeds; volume: VolumeDoc; snapshot: VolumeSnapshotDoc };

const takeSteps: readonly Step<Context>[] = [
  {
    name: 'copy the volume',
    do: ({ house, volume, snapshot }, signal) =>
      volumeStandingStill(house, volume, () =>
        openPool(house, volume.pool).custom.snapshot(volume.id, snapshot.id, { signal }),
      ),
    undo: ({ house, volume, snapshot }) => openPool(house, volume.pool).custom.removeSnapshot(volume.id, snapshot.id),
  },
  {
    name: 'enter the snapshot',
    do: ({ house, volume, snapshot }) => house.documents.put(keys.volumeSnapshot(volume.id, snapshot.id), snapshot),
  },
];

/** The name that a snapshot will have; taken names are refused. */
export function volumeSnapshotName(
  house: Pick<House, 'documents' | 'clock'>,
  volume: VolumeDoc,
  wanted: string | undefined,
): string {
  const names = volumeSnapshots(house, volume.id).map((snapshot) => snapshot.name);
  const name = wanted || chosenName(volume.config['snapshots.pattern'] || defaultPattern, names, house.clock.now());
  const reason = volumeNameError(name);
  if (reason) fail('snapshot.name', { reason });
  if (names.includes(name)) fail('volume-snapshot.exists', { name });
  return name;
}

export async function takeVolumeSnapshot(
  house: VolumeNeeds,
  id: string,
  request: VolumeSnapshotRequest,
  task: Task,
): Promise<void> {
  const volume = volumeById(house, id);
  if (volume.contentType === 'iso')
    fail('volume.source', { reason: 'an ISO image never changes: it has no snapshots' });
  allowSnapshot(house, volume.project);
  const now = house.clock.now();
  const snapshot: VolumeSnapshotDoc = {
    id: house.clock.randomHex(6),
    volume: id,
    name: volumeSnapshotName(house, volume, request.name),
    description: request.description ?? '',
    config: volume.config,
    createdAt: now.toISOString(),
    expiresAt: request.expiresAt ?? expiryDate(volume.config['snapshots.expiry'] ?? '', now)?.toISOString() ?? '',
  };
  await performSteps(house, task, takeSteps, { house, volume, snapshot });
  volumeSnapshotTold(house, 'created', volume, snapshot.name);
}

/** What is left of the files after a crash is an orphan that repair clears. */
export async function deleteVolumeSnapshot(house: VolumeNeeds, id: string, name: string): Promise<void> {
  const volume = volumeById(house, id);
  const snapshot = findVolumeSnapshot(house, volume, name);
  await house.documents.delete(keys.volumeSnapshot(id, snapshot.id));
  await openPool(house, volume.pool).custom.removeSnapshot(id, snapshot.id);
  volumeSnapshotTold(house, 'deleted', volume, name);
}

export async function changeVolumeSnapshot(
  house: VolumeNeeds,
  id: string,
  name: string,
  patch: Partial<Pick<VolumeSnapshotDoc, 'name' | 'description' | 'expiresAt'>>,
): Promise<void> {
  const volume = volumeById(house, id);
  const snapshot = findVolumeSnapshot(house, volume, name);
  const renamed = patch.name !== undefined && patch.name !== name;
  if (renamed) volumeSnapshotName(house, volume, patch.name);
  await house.documents.put(keys.volumeSnapshot(id, snapshot.id), { ...snapshot, ...patch });
  volumeSnapshotTold(house, renamed ? 'renamed' : 'updated', volume, patch.name ?? name);
}

export async function restoreVolume(house: VolumeNeeds, id: string, name: string): Promise<void> {
  const volume = volumeById(house, id);
  const snapshot = findVolumeSnapshot(house, volume, name);
  checkNobodyUp(house, volume, 'volume.restore-running');
  await openPool(house, volume.pool).custom.restore(id, snapshot.id);
  volumeTold(house, 'restored', volume, { snapshot: name });
}
