/** The memory of virtual machines: kept with a snapshot, or while a machine is stopped, and whether that can be done at all. */
import { fail } from '../../api/errors.ts';
import { HostError } from '../../lib/host-error.ts';
import type { House } from '../house.ts';
import type { InstanceDoc, SnapshotDoc } from '../model.ts';
import type { MachineStates } from '../ports/machine-states.ts';
import type { Pool } from '../ports/storage.ts';
import { rootDiskId, rootsIn } from './roots.ts';

type Needs = Pick<House, 'engines' | 'pools' | 'runtime'>;

const poolOf = (house: Needs, doc: InstanceDoc): Pool =>
  house.pools.get(doc.pool) ?? fail('pool.closed', { name: doc.pool, reason: 'see gast doctor' });

/** Of a machine that runs; `what` is it that needs the memory. */
function savingEngine(house: Needs, doc: InstanceDoc, what: string): MachineStates {
  const { states } = house.engines[doc.type];
  if (!states) fail('snapshot.stateful', { what });
  if (doc.phase === 'frozen') fail('instance.frozen', { name: doc.name });
  if (doc.phase !== 'running') fail('instance.no-memory', { name: doc.name });
  return states;
}

/** The words of the engine, told as what they are for. */
async function explained<T>({ name }: InstanceDoc, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return fail('instance.memory', { name, reason: error.message }, error);
  }
}

/** Takes disk and memory at one moment, in which the machine stands still. */
export async function snapshotWithMemory(
  house: Needs,
  doc: InstanceDoc,
  snapshot: Pick<SnapshotDoc, 'id'>,
  signal: AbortSignal,
): Promise<void> {
  const engine = savingEngine(house, doc, 'snapshots');
  await refuseFurtherDisks(house, doc);
  const pool = poolOf(house, doc);
  const { id } = doc;
  await explained(doc, () =>
    pool.memories.create(
      { id, snapshot: snapshot.id },
      (path) => {
        const switchTo = async (overlay: string) =>
          void (await engine.save(id, path, { switched: { disk: rootDiskId, overlay }, signal }));
        return rootsIn(house, pool, doc.type).snapshot(id, snapshot.id, { signal, switchTo });
      },
      { signal },
    ),
  );
}

/** A snapshot holds the root disk alone: memory that knows what others held later would spoil them. */
async function refuseFurtherDisks(house: Needs, doc: InstanceDoc): Promise<void> {
  const parts = (await house.engines[doc.type].machineParts?.list(doc.id)) ?? [];
  const disks = parts.flatMap((part) => ('disk' in part && !part.disk.readOnly ? [part.id] : []));
  if (disks.length > 0)
    fail('instance.memory', {
      name: doc.name,
      reason: `it writes to other disks than its root disk (${disks.join(', ')}), which a snapshot does not hold`,
    });
}

/** The machine stands still afterwards. */
export async function saveOwnMemory(house: Needs, doc: InstanceDoc, signal: AbortSignal): Promise<void> {
  const engine = savingEngine(house, doc, 'stops');
  const { id } = doc;
  await explained(doc, () =>
    poolOf(house, doc).memories.create(
      { id },
      async (path) => void (await engine.save(id, path, { standStill: true, signal })),
      { signal },
    ),
  );
}

/** Whether the memory of a machine that runs could be kept; throws when not. */
export function checkSaving(house: Needs, doc: InstanceDoc, what: string): void {
  savingEngine(house, doc, what);
}

/** The file from which the machine goes on, when it was stopped with its memory. */
export async function ownMemory(house: Needs, doc: InstanceDoc): Promise<string | undefined> {
  if (!doc.stateful) return undefined;
  const path = await poolOf(house, doc).memories.find({ id: doc.id });
  return path ?? fail('instance.memory-lost', { name: doc.name });
}

export const forgetOwnMemory = (house: Needs, doc: InstanceDoc): Promise<void> =>
  poolOf(house, doc).memories.remove({ id: doc.id });

/** What moves to another pool takes its memory along; a copy, which is another machine, does not. */
export async function moveMemories(
  house: Needs,
  from: Pick<InstanceDoc, 'id' | 'pool' | 'stateful'>,
  toPool: string,
  snapshots: readonly SnapshotDoc[],
  signal: AbortSignal,
): Promise<void> {
  const [here, there] = [from.pool, toPool].map((name) => house.pools.get(name)) as [Pool, Pool];
  const { id } = from;
  const states = snapshots.filter(({ stateful }) => stateful).map(({ id: snapshot }) => ({ id, snapshot }));
  for (const at of [...(from.stateful ? [{ id }] : []), ...states])
    await there.memories.copyFrom(here.memories, at, at, { signal });
}
