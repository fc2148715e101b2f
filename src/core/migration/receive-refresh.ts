/**
 * Bringing a stopped instance up to date with one on another server. All arrives in a volume beside the instance's own, which
 * it takes the place of at the end: whatever fails before leaves the instance as it was.
 */
import { fail } from '../../api/errors.ts';
import type { House } from '../house.ts';
import { keepBeside } from '../instances/beside-metadata.ts';
import { copiedConfig, openedPool } from '../instances/copy-volume.ts';
import { instanceById, snapshotsOf } from '../instances/find.ts';
import { type Roots, rootsIn } from '../instances/roots.ts';
import { type InstanceDoc, keys, type SnapshotDoc } from '../model.ts';
import { performSteps } from '../operations/perform.ts';
import type { Task } from '../operations/registry.ts';
import type { Step } from '../operations/steps.ts';
import type { BesideTree } from '../ports/backups.ts';
import type { Sockets } from '../ports/migration.ts';
import type { Pool } from '../ports/storage.ts';
import { arrivedSnapshot, checkNames, compareArriving, createSnapshotIds } from './arriving-snapshots.ts';
import { lendPlace, lendVolume, nothing } from './lend.ts';
import { kindOf } from './offer.ts';
import { createProgress } from './progress.ts';
import { type OtherOperation, openSockets } from './sockets.ts';

export type RefreshOptions = { excludeOlder: boolean; withSnapshots: boolean; baseImage: string | undefined };

type Context = RefreshOptions & {
  house: House;
  doc: InstanceDoc;
  pool: Pool;
  roots: Roots;
  /** The volume beside. */
  made: string;
  sockets: Sockets;
  arrived: SnapshotDoc[];
  task: Task;
};

const refreshSteps: readonly Step<Context>[] = [
  {
    name: 'copy the root file system',
    // A machine's disk comes as a whole.
    do: ({ roots, doc, made }, signal) =>
      doc.type === 'container' ? roots.copy({ id: doc.id }, made, { signal }) : undefined,
    undo: ({ roots, made }) => roots.remove(made),
  },
  {
    name: 'receive what differs',
    do: receive,
    async undo({ roots, doc, arrived }) {
      for (const { id } of arrived) await roots.removeSnapshot(doc.id, id);
    },
  },
];

export async function receiveRefresh(
  house: House,
  id: string,
  other: OtherOperation | undefined,
  options: RefreshOptions,
  task: Task,
): Promise<void> {
  const sockets = await openSockets(house, other, task);
  try {
    await house.queue(id, async () => {
      const doc = instanceById(house, id);
      if (doc.phase !== 'stopped') fail('instance.refresh-running');
      const pool = openedPool(house, doc.pool);
      const made = house.clock.randomHex(6);
      await performSteps(house, task, refreshSteps, {
        house,
        doc,
        pool,
        roots: rootsIn(house, pool, doc.type),
        made,
        sockets,
        task,
        arrived: [],
        ...options,
      });
    });
  } finally {
    sockets.control.close();
    sockets.fs.close();
  }
}

async function receive(context: Context, signal: AbortSignal): Promise<void> {
  const { house, doc, pool, roots, made, arrived, task } = context;
  const isMachine = doc.type === 'virtual-machine';
  const ids = createSnapshotIds(house);
  let gone: SnapshotDoc[] = [];
  let beside = nothing;
  await house.migration.receive(
    context.sockets,
    {
      kind: kindOf(doc),
      refresh: true,
      choose({ snapshots }) {
        checkNames(snapshots);
        if (!context.withSnapshots) return [];
        const compared = compareArriving(snapshots, snapshotsOf(house, doc.id), context.excludeOlder);
        gone = compared.gone;
        return compared.wanted;
      },
      async lend(use, arriving) {
        const place = arriving ? { id: doc.id, snapshot: ids(arriving) } : { id: made };
        beside = isMachine
          ? await lendPlace(pool, place, use, { signal })
          : await lendVolume(house, pool.volumes, { id: made, readOnly: false }, nothing, use);
      },
      async keep(arriving) {
        const snapshot = { ...arrivedSnapshot(house, doc, arriving), id: ids(arriving) };
        if (!isMachine) await roots.copySnapshot({ id: made }, { id: doc.id, snapshot: snapshot.id }, { signal });
        Object.assign(snapshot.state, await keepBeside(house, beside));
        arrived.push(snapshot);
      },
      finish: () => takeOver(context, gone, beside),
    },
    { signal, onProgress: createProgress(house.clock, doc.name, task.setMetadata) },
  );
}

async function takeOver(
  { house, doc, roots, made, arrived, baseImage }: Context,
  gone: SnapshotDoc[],
  beside: BesideTree,
): Promise<void> {
  await roots.replace(doc.id, made);
  const now = instanceById(house, doc.id);
  const config = {
    ...now.config,
    ...copiedConfig(baseImage ? { 'volatile.base_image': baseImage } : {}),
    'volatile.apply_template': 'copy',
  };
  await house.documents.commit([
    { put: keys.instance(doc.id), value: { ...now, ...(await keepBeside(house, beside)), config } },
    ...gone.map(({ id }) => ({ delete: keys.snapshot(doc.id, id) })),
    ...arrived.map((value) => ({ put: keys.snapshot(doc.id, value.id), value })),
  ]);
  for (const { id } of gone) await roots.removeSnapshot(doc.id, id);
}
