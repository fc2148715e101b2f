/** A new instance, filled by another server. Until all has arrived there is nothing to be seen of it. */
import type { House } from '../house.ts';
import { allImages } from '../images/find.ts';
import { ensureImage } from '../images/tree.ts';
import { keepBeside } from '../instances/beside-metadata.ts';
import { applyEvent } from '../instances/change.ts';
import { openedPool } from '../instances/copy-volume.ts';
import { type Draft, forgetReserved, reserve } from '../instances/create.ts';
import { rootPool } from '../instances/devices.ts';
import { expand } from '../instances/expand.ts';
import { rootsIn } from '../instances/roots.ts';
import { type ImageDoc, type InstanceDoc, keys, type SnapshotDoc } from '../model.ts';
import { performSteps } from '../operations/perform.ts';
import type { Task } from '../operations/registry.ts';
import type { Step } from '../operations/steps.ts';
import type { Sockets } from '../ports/migration.ts';
import type { Pool } from '../ports/storage.ts';
import { arrivedSnapshot, checkNames, createSnapshotIds } from './arriving-snapshots.ts';
import { lendPlace, lendVolume, nothing } from './lend.ts';
import { kindOf } from './offer.ts';
import { createProgress } from './progress.ts';
import { receiveRunning } from './receive-live.ts';
import { type OtherOperation, openSockets } from './sockets.ts';

type Context = {
  house: House;
  doc: InstanceDoc;
  pool: Pool;
  /** The image that it was made of over there, when it is here too: only what differs has to travel. */
  image: ImageDoc | undefined;
  sockets: Sockets;
  withSnapshots: boolean;
  /** As it runs over there. */
  live: boolean;
  task: Task;
};

const receiveSteps: readonly Step<Context>[] = [
  {
    name: 'unpack the image',
    async do({ house, doc, pool, image }, signal) {
      if (image && doc.type === 'container')
        await ensureImage(house, doc.type, doc.pool, pool, image.fingerprint, signal);
    },
  },
  {
    name: 'make the root file system',
    do({ doc, pool, image }, signal) {
      // The disk of a machine comes as a whole.
      if (doc.type === 'virtual-machine') return;
      if (image) return pool.volumes.createFromImage(doc.id, image.fingerprint, { signal });
      return pool.volumes.createEmpty(doc.id, { signal });
    },
    undo: ({ house, pool, doc }) => rootsIn(house, pool, doc.type).remove(doc.id),
  },
  { name: 'receive the files', do: receive },
];

export async function receiveInstance(
  house: House,
  draft: Draft,
  other: OtherOperation | undefined,
  options: { withSnapshots: boolean; live: boolean },
  task: Task,
): Promise<InstanceDoc> {
  const poolName = rootPool(house, expand(house, draft).devices);
  const pool = openedPool(house, poolName);
  const doc = await reserve(house, draft, { kind: 'arriving' }, poolName, task.id);
  try {
    const sockets = await openSockets(house, other, task);
    try {
      const wanted = doc.config['volatile.base_image'];
      // Of this project: the source decides what stays of it in the tree.
      const image = allImages(house, doc.project).find(({ fingerprint }) => fingerprint === wanted);
      await performSteps(house, task, receiveSteps, { house, doc, pool, image, sockets, task, ...options });
    } finally {
      sockets.control.close();
      sockets.fs.close();
    }
    return house.documents.get<InstanceDoc>(keys.instance(doc.id)) ?? doc;
  } catch (error) {
    await forgetReserved(house, doc.id);
    throw error;
  }
}

async function receive(context: Context, signal: AbortSignal): Promise<void> {
  const { house, doc, pool, sockets, withSnapshots, task } = context;
  const snapshots: SnapshotDoc[] = [];
  let beside = nothing;
  const ids = createSnapshotIds(house);
  const { volumes } = pool;
  const isMachine = doc.type === 'virtual-machine';
  const enter = async (event: 'created' | 'arrived', patch: Partial<InstanceDoc> = {}) => {
    await house.documents.commit(snapshots.map((value) => ({ put: keys.snapshot(doc.id, value.id), value })));
    await applyEvent(house, doc.id, event, { ...(await keepBeside(house, beside)), ...patch });
  };
  await house.migration.receive(
    sockets,
    {
      kind: kindOf(doc),
      refresh: false,
      choose({ snapshots: offered }) {
        checkNames(offered);
        return withSnapshots ? offered : [];
      },
      async lend(use, arriving) {
        const place = arriving ? { id: doc.id, snapshot: ids(arriving) } : { id: doc.id };
        beside = isMachine
          ? await lendPlace(pool, place, use, { signal })
          : await lendVolume(house, volumes, { id: doc.id, readOnly: false }, nothing, use);
      },
      async keep(arriving) {
        const snapshot = { ...arrivedSnapshot(house, doc, arriving), id: ids(arriving) };
        if (!isMachine) await volumes.snapshot(doc.id, snapshot.id, { signal });
        Object.assign(snapshot.state, await keepBeside(house, beside));
        snapshots.push(snapshot);
      },
      finish: () => enter('created'),
      ...(context.live
        ? {
            live: (machine, wire) => receiveRunning(context, beside, machine, wire, (patch) => enter('arrived', patch)),
          }
        : {}),
    },
    { signal, onProgress: createProgress(house.clock, doc.name, task.setMetadata) },
  );
}
