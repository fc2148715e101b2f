/** The target of a migration: a custom volume that comes from another server, new or over an older copy. */
import { fail } from '../../api/errors.ts';
import type { Operation } from '../../api/resources/operations.ts';
import type { StorageVolumesPost } from '../../api/resources/volumes.ts';
import { plainText } from '../../lib/plain-text.ts';
import type { House } from '../house.ts';
import { keys, type VolumeDoc, type VolumeSnapshotDoc } from '../model.ts';
import type { Task } from '../operations/registry.ts';
import type { MigrationTarget, Sockets } from '../ports/migration.ts';
import type { CustomVolumes } from '../ports/storage.ts';
import { newContent, volumeConfig } from '../volumes/config.ts';
import { draftVolume, enterVolume } from '../volumes/create.ts';
import { lookUpVolume, nameQueue, openPool, volumeById, volumeSnapshots, volumeUrl } from '../volumes/find.ts';
import { checkNobodyUp } from '../volumes/still.ts';
import { volumeTold } from '../volumes/told.ts';
import { checkNames, compareArriving } from './arriving-snapshots.ts';
import { arrivedVolumeSnapshot, snapshotsWithDetails } from './arriving-volume-snapshots.ts';
import { lendVolume, nothing } from './lend.ts';
import { createProgress } from './progress.ts';
import { refusing } from './refusal.ts';
import { openSockets, otherOperation, socketNames } from './sockets.ts';

type Place = { pool: string; project: string };

export function startVolumeArrival(house: House, place: Place, project: string, body: StorageVolumesPost): Operation {
  const source = body.source ?? {};
  // The first clients that moved volumes knew no modes.
  const mode = source.mode || 'pull';
  if (mode !== 'pull' && mode !== 'push') fail('migration.mode', { mode });
  if ((body.content_type || 'filesystem') !== 'filesystem')
    fail('volume.source', { reason: `volumes that hold ${body.content_type} cannot come from another server` });
  const other = mode === 'pull' ? otherOperation(source) : undefined;
  const present = source.refresh ? lookUpVolume(house, { ...place, name: body.name ?? '' }) : undefined;
  if (present && present.contentType !== 'filesystem')
    fail('volume.source', { reason: `${present.name} holds ${present.contentType}, the source files` });
  const doc = present ?? draftVolume(house, place, body);
  const work = async (task: Task) => {
    const sockets = await openSockets(house, other, task);
    try {
      if (present) await refresh(house, present.id, body, sockets, task);
      else await receiveNew(house, doc, source.volume_only !== true, sockets, task);
    } finally {
      sockets.control.close();
      sockets.fs.close();
    }
  };
  return house.operations.start(
    {
      description: other ? 'Copying storage volume' : 'Creating storage volume',
      project,
      resources: { storage_volumes: [volumeUrl(doc)] },
      mayCancel: true,
      ...(other ? {} : { channels: [...socketNames], bareSecrets: true }),
    },
    (task) => refusing(() => work(task)),
  );
}

type Filled = Pick<MigrationTarget, 'choose' | 'keep' | 'finish'> & { refresh: boolean };

function receive(house: House, custom: CustomVolumes, doc: VolumeDoc, sockets: Sockets, task: Task, filled: Filled) {
  const target: MigrationTarget = {
    kind: 'volume',
    async lend(use) {
      await lendVolume(house, custom, { id: doc.id, readOnly: false }, nothing, use);
    },
    ...filled,
  };
  const onProgress = createProgress(house.clock, doc.name, task.setMetadata);
  return house.migration.receive(sockets, target, { signal: task.signal, onProgress });
}

/** The volume is entered when all has arrived, and the source hears of success when it has been entered. */
async function receiveNew(
  house: House,
  doc: VolumeDoc,
  withSnapshots: boolean,
  sockets: Sockets,
  task: Task,
): Promise<void> {
  const arrived = Promise.withResolvers<VolumeSnapshotDoc[]>();
  const entered = Promise.withResolvers<void>();
  entered.promise.catch(() => {});
  let transfer: Promise<void> | undefined;
  const fill = ({ custom }: { custom: CustomVolumes }) => {
    const snapshots: VolumeSnapshotDoc[] = [];
    transfer = receive(house, custom, doc, sockets, task, {
      refresh: false,
      choose({ snapshots: offered }) {
        checkNames(offered);
        return withSnapshots ? offered : [];
      },
      async keep(arriving) {
        const snapshot = arrivedVolumeSnapshot(house, doc, arriving);
        await custom.snapshot(doc.id, snapshot.id, { signal: task.signal });
        snapshots.push(snapshot);
      },
      finish(index) {
        arrived.resolve(snapshotsWithDetails(snapshots, index));
        return entered.promise;
      },
    });
    transfer.catch(arrived.reject);
    return arrived.promise;
  };
  try {
    await enterVolume(house, doc, async (pool) => {
      await pool.custom.createEmpty(doc.id, newContent(doc), { signal: task.signal });
      return fill(pool);
    });
    entered.resolve();
  } catch (error) {
    entered.reject(error);
    throw error;
  }
  await transfer;
}

/** All arrives in a volume beside the old one, whose place it takes at the end. */
function refresh(house: House, id: string, body: StorageVolumesPost, sockets: Sockets, task: Task): Promise<void> {
  return house.queue(nameQueue(volumeById(house, id)), () =>
    house.queue(id, async () => {
      const old = volumeById(house, id);
      checkNobodyUp(house, old, 'volume.running');
      const { custom } = openPool(house, old.pool);
      const fresh: VolumeDoc = { ...old, id: house.clock.uuid().replaceAll('-', '').slice(-12) };
      const added: VolumeSnapshotDoc[] = [];
      let gone: VolumeSnapshotDoc[] = [];
      try {
        await custom.copy({ id }, fresh.id, { signal: task.signal });
        await receive(house, custom, fresh, sockets, task, {
          refresh: true,
          choose({ snapshots }) {
            checkNames(snapshots);
            if (body.source?.volume_only) return [];
            const excludeOlder = body.source?.refresh_exclude_older ?? false;
            const compared = compareArriving(snapshots, volumeSnapshots(house, id), excludeOlder);
            gone = compared.gone;
            return compared.wanted;
          },
          async keep(arriving) {
            const snapshot = arrivedVolumeSnapshot(house, old, arriving);
            await custom.copySnapshot({ id: fresh.id }, { id, snapshot: snapshot.id }, { signal: task.signal });
            added.push(snapshot);
          },
          async finish(index) {
            await custom.replace(id, fresh.id);
            const config = body.config ? volumeConfig(old, stringsOf(body.config)) : old.config;
            await house.documents.commit([
              { put: keys.volume(id), value: { ...old, config } },
              ...snapshotsWithDetails(added, index).map((one) => ({
                put: keys.volumeSnapshot(id, one.id),
                value: one,
              })),
              ...gone.map((one) => ({ delete: keys.volumeSnapshot(id, one.id) })),
            ]);
            for (const one of gone) await custom.removeSnapshot(id, one.id);
          },
        });
      } catch (error) {
        await custom.remove(fresh.id);
        for (const one of added)
          if (!house.documents.get(keys.volumeSnapshot(id, one.id))) await custom.removeSnapshot(id, one.id);
        throw error;
      }
      volumeTold(house, 'updated', old);
    }),
  );
}

const stringsOf = (config: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(Object.entries(config).map(([key, value]) => [key, plainText(value)]));
