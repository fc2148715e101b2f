/**
 * Making a backup of an instance. A guest that runs stands still only while its root file system is copied aside; a stopped
 * container cannot be started until it is packed.
 */
import { fail } from '../../api/errors.ts';
import { nextNumbered } from '../../lib/names.ts';
import type { House } from '../house.ts';
import { type CopyNeeds, copyRoot, openedPool } from '../instances/copy-volume.ts';
import { instanceById, snapshotsOf } from '../instances/find.ts';
import { metadataOf } from '../instances/guest-metadata.ts';
import { rootsOf } from '../instances/roots.ts';
import { type BackupDoc, type ConfigMap, type InstanceDoc, keys, type ServerDoc, type SnapshotDoc } from '../model.ts';
import { performSteps } from '../operations/perform.ts';
import type { Task } from '../operations/registry.ts';
import type { Step } from '../operations/steps.ts';
import type { PackedState } from '../ports/backups.ts';
import type { VolumeState } from '../ports/storage.ts';
import { type ExportedConfig, exportedConfig, exportedFiles, exportedIndex } from './exported-index.ts';
import { backupsOf } from './find.ts';
import { packedDisks } from './machine-states.ts';
import { refuseBackup } from './refusal.ts';

export type BackupNeeds = CopyNeeds & Pick<House, 'backups' | 'images' | 'runtime' | 'events' | 'facts'>;
export type BackupRequest = Pick<BackupDoc, 'name' | 'expiresAt' | 'instanceOnly'> & { compression: string };

type Context = { house: BackupNeeds; backup: BackupDoc; compression: string; task: Task };

const backupSteps: readonly Step<Context>[] = [
  {
    name: 'pack the instance',
    do: packInstance,
    undo: ({ house, backup }) => house.backups.remove(backup.id),
  },
  {
    name: 'enter the backup',
    do: ({ house, backup }) =>
      house.queue(backup.instance, async () => {
        // It may have been deleted meanwhile, and its backups with it.
        instanceById(house, backup.instance);
        const { id, instance, name } = backup;
        if (backupsOf(house, instance).some((other) => other.name === name)) fail('backup.exists', { name });
        await house.documents.put(keys.backup(instance, id), backup);
      }),
  },
];

export async function makeBackup(house: BackupNeeds, instance: string, request: BackupRequest, task: Task) {
  const { compression, ...rest } = request;
  const id = house.clock.randomHex(8);
  const backup: BackupDoc = { ...rest, id, instance, createdAt: house.clock.now().toISOString() };
  await performSteps(house, task, backupSteps, { house, backup, compression, task });
}

/** The first free `backupN`. */
export function freeBackupName(house: Pick<House, 'documents' | 'facts'>, instance: string): string {
  return nextNumbered(
    'backup',
    backupsOf(house, instance).map(({ name }) => name),
  );
}

export function wantedCompression(
  house: Pick<House, 'documents' | 'facts' | 'backups'>,
  said: string | undefined,
): string {
  const server: ConfigMap = house.documents.get<ServerDoc>(keys.server)?.config ?? {};
  const name = said || (server['backups.compression_algorithm'] ?? 'gzip');
  const known = house.backups.compressions;
  return known.includes(name) ? name : fail('backup.compression', { name, known: known.join(', ') });
}

async function packInstance(context: Context, signal: AbortSignal): Promise<void> {
  const { house, backup } = context;
  const aside = await house.queue(backup.instance, async () => {
    const doc = instanceById(house, backup.instance);
    // The copy of a disk is made at once: it can be started while it is packed.
    if (doc.type === 'virtual-machine' || house.runtime.get(doc.id)) return copyAside(house, doc, signal);
    await packStates(context, doc, { id: doc.id }, signal);
    return undefined;
  });
  if (!aside) return;
  try {
    await packStates(context, aside.doc, { id: aside.copy }, signal);
  } finally {
    await rootsOf(house, aside.doc).remove(aside.copy);
  }
}

/** A volume without a document: after a crash it is cleared. */
async function copyAside(house: BackupNeeds, doc: InstanceDoc, signal: AbortSignal) {
  const copy = house.clock.randomHex(6);
  await copyRoot(house, doc, { pool: doc.pool, id: copy }, { signal });
  return { doc, copy };
}

async function packStates(
  { house, backup, compression, task }: Context,
  doc: InstanceDoc,
  root: VolumeState,
  signal: AbortSignal,
): Promise<void> {
  const snapshots = backup.instanceOnly ? [] : snapshotsOf(house, doc.id);
  const config = exportedConfig(house, doc, snapshots);
  const started = house.clock.elapsedMs();
  const progress = (bytes: number) => {
    const megabytes = Math.floor(bytes / 1_000_000);
    const perSecond = Math.round(bytes / 1000 / Math.max(1, house.clock.elapsedMs() - started));
    task.setMetadata({ create_backup_progress: `Generating backup: ${megabytes}MB (${perSecond}MB/s)` });
  };
  const index = exportedIndex(doc, snapshots, config);
  const options = { compression, signal, progress };
  if (doc.type === 'virtual-machine') {
    const states = await packedDisks(house, doc, root, snapshots, config, { signal });
    await house.backups.createOfDisks(backup.id, { index, states }, options).catch(refuseBackup);
    return;
  }
  await using mounted = await mountStates(house, doc, root, snapshots);
  const states = await Promise.all(
    mounted.places.map(({ name, directory, of }) => packedState(house, { name, directory, of }, config)),
  );
  await house.backups.create(backup.id, { index, states }, options).catch(refuseBackup);
}

type Place = { name: string; directory: string; of: Parameters<typeof metadataOf>[1] };

/** Mounts all that is packed, snapshots first, with the ids that they have on disk. */
async function mountStates(
  house: BackupNeeds,
  doc: InstanceDoc,
  root: VolumeState,
  snapshots: readonly SnapshotDoc[],
): Promise<AsyncDisposable & { places: Place[] }> {
  const { volumes } = openedPool(house, doc.pool);
  await using parts = new AsyncDisposableStack();
  const places: Place[] = [];
  const mount = async (name: string, state: VolumeState, of: Place['of']) => {
    const directory = `${house.mountDirectory}/backup-${house.clock.uuid()}`;
    const { id, ...which } = state;
    await volumes.mount(id, directory, { ...which, readOnly: true });
    parts.defer(() => volumes.unmount(directory));
    places.push({ name, directory, of });
  };
  for (const snapshot of snapshots)
    await mount(`snapshots/${snapshot.name}`, { id: doc.id, snapshot: snapshot.id }, snapshot.state);
  await mount('container', root, doc);
  const all = parts.move();
  return { places, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

async function packedState(house: BackupNeeds, place: Place, config: ExportedConfig): Promise<PackedState> {
  const files = exportedFiles(await metadataOf(house, place.of), config);
  return { name: place.name, tree: { directory: place.directory, place: 'rootfs' }, files };
}
