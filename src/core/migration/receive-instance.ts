/** A new instance, filled by another server. Until all has arrived there is nothing to be seen of it. */
import type { House } from '../house.ts';
import { allImages } from '../images/find.ts';
import { ensureImageTree } from '../images/tree.ts';
import { keepBeside } from '../instances/beside-metadata.ts';
import { applyEvent } from '../instances/change.ts';
import { openedPool } from '../instances/copy-volume.ts';
import { type Draft, forgetReserved, reserve } from '../instances/create.ts';
import { rootPool } from '../instances/devices.ts';
import { expand } from '../instances/expand.ts';
import { type ImageDoc, type InstanceDoc, keys, type SnapshotDoc } from '../model.ts';
import { performSteps } from '../operations/perform.ts';
import type { Task } from '../operations/registry.ts';
import type { Step } from '../operations/steps.ts';
import type { Sockets } from '../ports/migration.ts';
import type { Pool } from '../ports/storage.ts';
import { arrivedSnapshot, checkNames } from './arriving-snapshots.ts';
import { lendVolume, nothing } from './lend.ts';
import { createProgress } from './progress.ts';
import { type OtherOperation, openSockets } from './sockets.ts';

type Context = {
  house: House;
  doc: InstanceDoc;
  pool: Pool;
  /** The image that it was made of over there, when it is here too: only what differs has to travel. */
  image: ImageDoc | undefined;
  sockets: Sockets;
  withSnapshots: boolean;
  task: Task;
};

const receiveSteps: readonly Step<Context>[] = [
  {
    name: 'unpack the image',
    async do({ house, doc, pool, image }, signal) {
      if (image) await ensureImageTree(house, doc.pool, pool, image.fingerprint, signal);
    },
  },
  {
    name: 'make the root file system',
    do: ({ doc, pool, image }, signal) =>
      image
        ? pool.volumes.createFromImage(doc.id, image.fingerprint, { signal })
        : pool.volumes.createEmpty(doc.id, { signal }),
    undo: ({ pool, doc }) => pool.volumes.remove(doc.id),
  },
  { name: 'receive the files', do: receive },
];

export async function receiveInstance(
  house: House,
  draft: Draft,
  other: OtherOperation | undefined,
  options: { withSnapshots: boolean },
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

async function receive(
  { house, doc, pool, sockets, withSnapshots, task }: Context,
  signal: AbortSignal,
): Promise<void> {
  const snapshots: SnapshotDoc[] = [];
  let beside = nothing;
  const { volumes } = pool;
  await house.migration.receive(
    sockets,
    {
      kind: 'instance',
      refresh: false,
      choose({ snapshots: offered }) {
        checkNames(offered);
        return withSnapshots ? offered : [];
      },
      async lend(use) {
        beside = await lendVolume(house, volumes, { id: doc.id, readOnly: false }, nothing, use);
      },
      async keep(arriving) {
        const snapshot = arrivedSnapshot(house, doc, arriving);
        await volumes.snapshot(doc.id, snapshot.id, { signal });
        Object.assign(snapshot.state, await keepBeside(house, beside));
        snapshots.push(snapshot);
      },
      async finish() {
        await house.documents.commit(snapshots.map((value) => ({ put: keys.snapshot(doc.id, value.id), value })));
        await applyEvent(house, doc.id, 'created', await keepBeside(house, beside));
      },
    },
    { signal, onProgress: createProgress(house.clock, doc.name, task.setMetadata) },
  );
}
