/**
 * Moving a virtual machine that runs to another pool: its snapshots are copied, then its disk moves under it. The documents
 * change at the moment in which old and new files are alike; they tell every later daemon where the machine is.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../api/errors.ts';
import { HostError } from '../../lib/host-error.ts';
import type { House } from '../house.ts';
import { type InstanceDoc, keys, type SnapshotDoc } from '../model.ts';
import { performSteps } from '../operations/perform.ts';
import type { Task } from '../operations/registry.ts';
import type { Step } from '../operations/steps.ts';
import type { MovedFile, Relocation } from '../ports/machine-relocation.ts';
import type { Pool } from '../ports/storage.ts';
import { copyState, openedPool } from './copy-volume.ts';
import { expand } from './expand.ts';
import { instanceById } from './find.ts';
import { moveMemories } from './memory.ts';
import type { MoveNeeds } from './move.ts';
import { rootDiskId, rootsOf } from './roots.ts';

export type LiveMove = { from: InstanceDoc; to: InstanceDoc; snapshots: SnapshotDoc[] };
type Context = LiveMove & { house: MoveNeeds; relocation: Relocation; task: Task };

const liveSteps: readonly Step<Context>[] = [
  {
    name: 'copy the snapshots to the other pool',
    async do({ house, from, to, snapshots }, signal) {
      const [here, there] = [from, to].map(({ id, pool }) => ({ id, pool })) as [Place, Place];
      for (const { id: snapshot } of snapshots)
        await copyState(house, from.type, { ...here, snapshot }, { ...there, snapshot }, { signal });
      await moveMemories(house, from, to.pool, snapshots, signal);
    },
    undo: clearNewPlace,
  },
  {
    name: 'make an empty disk in the other pool',
    async do({ house, from, to }, signal) {
      const [here, there] = [openedPool(house, from.pool), openedPool(house, to.pool)];
      const { id } = from;
      await there.disks.createEmpty(id, await here.disks.sizeBytes({ id }), { signal });
      await there.machineFiles.copyFrom(here.machineFiles.folder({ id }), { id });
    },
  },
  { name: 'move the disk while the machine writes to it', do: moveDisk },
  {
    // No undo: what is left of it after a crash lies in a pool that is not the machine's, and is cleared.
    name: 'delete the volume in the old pool',
    do: ({ house, from }) => rootsOf(house, from).remove(from.id),
  },
];

type Place = Pick<InstanceDoc, 'id' | 'pool'>;

/** Whatever failed: where the documents say that it is, it stays. */
async function clearNewPlace({ house, from, to }: Context): Promise<void> {
  if (instanceById(house, from.id).pool === from.pool) await rootsOf(house, to).remove(to.id);
}

async function moveDisk(context: Context, signal: AbortSignal): Promise<void> {
  const { house, from, to, snapshots, relocation, task } = context;
  const { id } = from;
  const files = await movedFiles(openedPool(house, from.pool), openedPool(house, to.pool), id);
  const note = () =>
    house.documents.commit([
      { put: keys.instance(id), value: { ...instanceById(house, id), pool: to.pool, devices: to.devices } },
      ...snapshots.map((value) => ({ put: keys.snapshot(id, value.id), value })),
    ]);
  const onProgress = (part: number) => task.setMetadata({ progress: `moving the disk: ${Math.floor(part * 100)} %` });
  try {
    await relocation.move(id, { files, note, onProgress }, signal);
  } catch (error) {
    if (instanceById(house, id).pool !== from.pool) return settlePlace(house, instanceById(house, id));
    if (!(error instanceof HostError)) throw error;
    return fail('instance.live-move', { name: from.name, reason: error.message }, error);
  }
}

/** Its disk, and small files that are open while it runs. */
async function movedFiles(here: Pool, there: Pool, id: string): Promise<MovedFile[]> {
  const [{ path }] = await there.disks.chain({ id });
  const names = await smallFiles(here, id);
  const [from, to] = [here, there].map(({ machineFiles }) => machineFiles.folder({ id })) as [string, string];
  return [{ disk: rootDiskId, to: path }, ...names.map((name) => ({ from: join(from, name), to: join(to, name) }))];
}

async function smallFiles({ machineFiles }: Pool, id: string): Promise<string[]> {
  const entries = await readdir(machineFiles.folder({ id }), { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

/** A machine that a killed daemon has left in between writes from now on to where the documents say that it is, alone. */
export async function settlePlace(house: Pick<House, 'pools' | 'engines'>, doc: InstanceDoc): Promise<void> {
  const { relocation } = house.engines[doc.type];
  const pool = house.pools.get(doc.pool);
  if (!relocation || !pool) return;
  const { id } = doc;
  const [{ path }] = await pool.disks.chain({ id });
  const small = (await smallFiles(pool, id)).map((name) => join(pool.machineFiles.folder({ id }), name));
  await relocation.settle(id, rootDiskId, [path, ...small]);
}

/** The caller holds the instance's queue. */
export async function moveRunning(house: MoveNeeds, move: LiveMove, task: Task): Promise<void> {
  const { from } = move;
  const { relocation } = house.engines[from.type];
  if (!relocation) fail('instance.move-running', { how: 'storage pools' });
  const { devices } = expand(house, from);
  if (Object.values(devices).some(({ type }) => type === 'tpm'))
    fail('instance.live-move', { name: from.name, reason: 'its TPM keeps what it knows in the old pool' });
  await performSteps(house, task, liveSteps, { ...move, house, relocation, task });
}
