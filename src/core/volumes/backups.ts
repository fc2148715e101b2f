/** Backups of volumes: made, renamed, deleted. */
import { fail } from '../../api/errors.ts';
import type { StorageVolumeBackup } from '../../api/resources/volumes.ts';
import { zeroTime } from '../../api/schema.ts';
import { nextNumbered, volumeNameError } from '../../lib/names.ts';
import { refuseBackup } from '../backups/refusal.ts';
import type { House } from '../house.ts';
import { keys, type VolumeBackupDoc, type VolumeDoc, type VolumeSnapshotDoc } from '../model.ts';
import { performSteps } from '../operations/perform.ts';
import type { Task } from '../operations/registry.ts';
import type { Step } from '../operations/steps.ts';
import type { PackedState } from '../ports/backups.ts';
import { exportedVolume } from './backup-index.ts';
import type { VolumeNeeds } from './create.ts';
import { findVolumeBackup, openPool, volumeBackups, volumeById, volumeSnapshots } from './find.ts';
import { volumeStandingStill } from './still.ts';
import { volumeBackupTold } from './told.ts';
import { instancesWith, isUp } from './users.ts';

export type VolumeBackupRequest = Pick<VolumeBackupDoc, 'name' | 'expiresAt' | 'volumeOnly'> & { compression: string };

type Context = { house: VolumeNeeds; backup: VolumeBackupDoc; compression: string };

const steps: readonly Step<Context>[] = [
  {
    name: 'pack the volume',
    do: packVolume,
    undo: ({ house, backup }) => house.backups.remove(backup.id),
  },
  {
    name: 'enter the backup',
    do: ({ house, backup }) =>
      house.queue(backup.volume, async () => {
        // It may have been deleted meanwhile, and its backups with it.
        volumeById(house, backup.volume);
        checkVolumeBackupName(house, backup.volume, backup.name);
        await house.documents.put(keys.volumeBackup(backup.volume, backup.id), backup);
      }),
  },
];

export async function makeVolumeBackup(
  house: VolumeNeeds,
  volume: string,
  { compression, ...rest }: VolumeBackupRequest,
  task: Task,
): Promise<void> {
  const createdAt = house.clock.now().toISOString();
  const backup: VolumeBackupDoc = { ...rest, id: house.clock.randomHex(8), volume, createdAt };
  await performSteps(house, task, steps, { house, backup, compression });
  volumeBackupTold(house, 'created', volumeById(house, volume), backup.name);
}

async function packVolume({ house, backup, compression }: Context, signal: AbortSignal): Promise<void> {
  await house.queue(backup.volume, async () => {
    const doc = volumeById(house, backup.volume);
    const { custom } = openPool(house, doc.pool);
    const snapshots = backup.volumeOnly ? [] : volumeSnapshots(house, doc.id);
    await using newest = await stillContent(house, doc, signal);
    const states: PackedState[] = [
      ...snapshots.map((snapshot) => state(`volume-snapshots/${snapshot.name}`, contentOf(doc.id, snapshot))),
      state('volume', contentOf(newest.id)),
    ];
    await house.backups
      .create(backup.id, { index: exportedVolume(doc, snapshots), states }, { compression, signal })
      .catch(refuseBackup);

    function contentOf(id: string, snapshot?: VolumeSnapshotDoc): string {
      return custom.path({ id, ...(snapshot ? { snapshot: snapshot.id } : {}) }, 'filesystem');
    }
  });
}

const state = (name: string, directory: string): PackedState => ({ name, tree: { directory, place: '' } });

/** The volume itself; a copy that nobody writes to while guests that run have it. A copy without a document is cleared. */
async function stillContent(house: VolumeNeeds, doc: VolumeDoc, signal: AbortSignal) {
  const none = { id: doc.id, async [Symbol.asyncDispose]() {} };
  if (!instancesWith(house, doc).some(isUp)) return none;
  const { custom } = openPool(house, doc.pool);
  const id = house.clock.randomHex(6);
  await volumeStandingStill(house, doc, () => custom.copy({ id: doc.id }, id, { signal }));
  return { id, [Symbol.asyncDispose]: () => custom.remove(id) };
}

export function freeVolumeBackupName(house: Pick<House, 'documents'>, volume: string): string {
  const names = volumeBackups(house, volume).map(({ name }) => name);
  return nextNumbered('backup', names);
}

export function checkVolumeBackupName(house: Pick<House, 'documents'>, volume: string, name: string): void {
  const reason = volumeNameError(name);
  if (reason) fail('backup.name', { reason });
  if (volumeBackups(house, volume).some((other) => other.name === name)) fail('backup.exists', { name });
}

/** The caller holds the volume's queue. */
export async function renameVolumeBackup(house: VolumeNeeds, id: string, from: string, to: string): Promise<void> {
  const backup = findVolumeBackup(house, id, from);
  checkVolumeBackupName(house, id, to);
  await house.documents.put(keys.volumeBackup(id, backup.id), { ...backup, name: to });
  volumeBackupTold(house, 'renamed', volumeById(house, id), to);
}

/** The caller holds the volume's queue. What is left of the file after a crash is an orphan that repair clears. */
export async function deleteVolumeBackup(house: VolumeNeeds, id: string, name: string): Promise<void> {
  const backup = findVolumeBackup(house, id, name);
  await house.documents.delete(keys.volumeBackup(id, backup.id));
  await house.backups.remove(backup.id);
  volumeBackupTold(house, 'deleted', volumeById(house, id), backup.name);
}

export function volumeBackupView(doc: VolumeBackupDoc): StorageVolumeBackup {
  return {
    name: doc.name,
    created_at: doc.createdAt,
    expires_at: doc.expiresAt || zeroTime,
    volume_only: doc.volumeOnly,
    optimized_storage: false,
  };
}
