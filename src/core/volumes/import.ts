/** Making a volume of the tarball of `storage volume export`, of this server or of Incus. */
import { fail } from '../../api/errors.ts';
import type { Operation } from '../../api/resources/operations.ts';
import { refuseBackup } from '../backups/refusal.ts';
import type { House } from '../house.ts';
import type { VolumeDoc, VolumeSnapshotDoc } from '../model.ts';
import type { Task } from '../operations/registry.ts';
import type { ReceivedBackup } from '../ports/backups.ts';
import type { Pool } from '../ports/storage.ts';
import { type ImportedVolume, importedVolume } from './backup-index.ts';
import { volumeConfig } from './config.ts';
import { draftVolume, enterVolume } from './create.ts';
import { volumeUrl } from './find.ts';

export async function importVolume(
  house: House,
  place: { pool: string; project: string },
  project: string,
  name: string,
  stream: NodeJS.ReadableStream,
  signal: AbortSignal,
): Promise<Operation> {
  const backup = await house.backups.receive(stream, { signal }).catch(refuseBackup);
  try {
    const imported = importedVolume(backup.index);
    const { config: _, ...rest } = imported;
    const draft = draftVolume(
      house,
      place,
      { ...rest, name: name || imported.name, config: known(imported.config) },
      'filesystem',
    );
    const doc = { ...draft, createdAt: imported.createdAt };
    return house.operations.start(
      {
        description: 'Restoring custom volume backup',
        project,
        resources: { storage_volumes: [volumeUrl(doc)] },
        mayCancel: true,
      },
      async (task) => {
        await using _upload = backup;
        await enterVolume(house, doc, (pool) => unpack(house, pool, doc, imported, backup, task));
      },
    );
  } catch (error) {
    await backup[Symbol.asyncDispose]();
    throw error;
  }
}

/** Keys that this server keeps; those of drivers that it does not have stay behind. */
function known(config: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(config).filter(([key]) => /^(size$|snapshots\.|security\.(shifted|unmapped)$|user\.)/.test(key)),
  );
}

async function unpack(
  house: House,
  pool: Pool,
  doc: VolumeDoc,
  imported: ImportedVolume,
  backup: ReceivedBackup,
  task: Task,
): Promise<VolumeSnapshotDoc[]> {
  const { signal } = task;
  const snapshots: VolumeSnapshotDoc[] = [];
  let whole = false;
  await backup
    .unpack(
      '',
      async (state, fill) => {
        const snapshot = imported.snapshots.find(({ name }) => state === `volume-snapshots/${name}`);
        if (snapshot) {
          const id = house.clock.randomHex(6);
          await pool.custom.create({ id: doc.id, snapshot: id }, 'filesystem', fill, { signal });
          snapshots.push({ ...snapshot, id, volume: doc.id, config: volumeConfig(doc, known(snapshot.config)) });
        } else if (state === 'volume') {
          await pool.custom.create({ id: doc.id }, 'filesystem', fill, { signal });
          whole = true;
        }
      },
      { signal, idBase: imported.idBase },
    )
    .catch(refuseBackup);
  if (!whole) fail('backup.invalid', { reason: 'it has no files (backup/volume)' });
  const lost = imported.snapshots.find(({ name }) => !snapshots.some((made) => made.name === name));
  if (lost) fail('backup.invalid', { reason: `the files of the snapshot ${lost.name} are not in it` });
  return snapshots;
}
