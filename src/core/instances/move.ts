/**
 * Moving an instance on this server: to another pool, under another name, with changed config. It is stopped, but for what
 * move-live.ts does.
 */
import { fail } from '../../api/errors.ts';
import { instanceNameError } from '../../lib/names.ts';
import type { House } from '../house.ts';
import { type InstanceDoc, keys, type SnapshotDoc } from '../model.ts';
import { checkHostName } from '../networks/host-names.ts';
import { allocateAddresses } from '../networks/nics.ts';
import { performSteps } from '../operations/perform.ts';
import type { Task } from '../operations/registry.ts';
import type { Step } from '../operations/steps.ts';
import { lookUpProject } from '../projects/features.ts';
import { allowInstance } from '../projects/rules.ts';
import { checkInstanceConfig } from './config.ts';
import { type CopyNeeds, copyState, devicesInPool } from './copy-volume.ts';
import { checkDevices, checkExpandedDevices, rootDevice } from './devices.ts';
import { checkProfiles, expand } from './expand.ts';
import { instanceById, lookUpInstance, snapshotsOf } from './find.ts';
import { moveMemories } from './memory.ts';
import { moveRunning } from './move-live.ts';
import { rootsOf } from './roots.ts';

export type MoveNeeds = CopyNeeds & Pick<House, 'facts' | 'events'>;

/** What it is to be afterwards; what is not named stays. */
export type Move = Partial<Pick<InstanceDoc, 'name' | 'project' | 'pool' | 'config' | 'devices' | 'profiles'>> & {
  /** Its snapshots are left behind, which is to say deleted. */
  instanceOnly?: boolean;
};

type Place = Pick<InstanceDoc, 'id' | 'pool'>;
type Context = { house: MoveNeeds; from: InstanceDoc; to: InstanceDoc; snapshots: SnapshotDoc[]; left: SnapshotDoc[] };

const moveSteps: readonly Step<Context>[] = [
  {
    name: 'copy the volume to the other pool',
    async do({ house, from, to, snapshots }, signal) {
      if (from.pool === to.pool) return;
      const [here, there] = [from, to].map(({ id, pool }) => ({ id, pool })) as [Place, Place];
      for (const { id: snapshot } of snapshots)
        await copyState(house, from.type, { ...here, snapshot }, { ...there, snapshot }, { signal });
      await copyState(house, from.type, here, there, { signal });
      await moveMemories(house, from, to.pool, snapshots, signal);
    },
    undo: async ({ house, from, to }) => {
      if (from.pool !== to.pool) await rootsOf(house, to).remove(to.id);
    },
  },
  {
    name: 'enter the new place',
    do: ({ house, from, to, snapshots, left }) =>
      house.queue('allocate', async () => {
        if (to.name !== from.name || to.project !== from.project) checkFree(house, to);
        allowInstance(house, to);
        const config = { ...to.config, ...allocateAddresses(house, to, expand(house, to)) };
        await house.documents.commit([
          { put: keys.instance(to.id), value: { ...to, config } },
          ...snapshots.map((value) => ({ put: keys.snapshot(to.id, value.id), value })),
          ...left.map(({ id }) => ({ delete: keys.snapshot(to.id, id) })),
        ]);
      }),
  },
  {
    // No undo: what is left of it after a crash lies in a pool that is not the instance's, and is cleared.
    name: 'delete the volume in the old pool',
    async do({ house, from, to, left }) {
      const roots = rootsOf(house, from);
      if (from.pool !== to.pool) await roots.remove(from.id);
      else for (const { id } of left) await roots.removeSnapshot(from.id, id);
    },
  },
];

/** Only the disk of a virtual machine that runs can go elsewhere, with all that stands on it. */
export function mayMoveRunning(house: Pick<House, 'engines'>, doc: InstanceDoc, move: Move): boolean {
  const isOther = move.pool !== undefined && move.pool !== doc.pool;
  const stays = (move.name ?? doc.name) === doc.name && (move.project ?? doc.project) === doc.project;
  const isPlain = !move.instanceOnly && !move.config && !move.devices && !move.profiles;
  const isUp = doc.phase === 'running' && house.engines[doc.type].relocation !== undefined;
  return isUp && isOther && stays && isPlain;
}

/** The caller holds the instance's queue. Gives the document as it is now. */
export async function moveInstance(house: MoveNeeds, id: string, move: Move, task: Task): Promise<InstanceDoc> {
  const from = instanceById(house, id);
  const isLive = from.phase !== 'stopped' && mayMoveRunning(house, from, move);
  if (from.phase !== 'stopped' && !isLive)
    fail('instance.move-running', { how: move.project ? 'projects' : move.pool ? 'storage pools' : 'names' });
  const to = destination(house, from, move);
  const all = snapshotsOf(house, id);
  const snapshots = (move.instanceOnly ? [] : all).map((doc) => ({
    ...doc,
    state: { ...doc.state, devices: devicesInPool(house, to.project, doc.state, to.pool) },
  }));
  if (isLive) await moveRunning(house, { from, to, snapshots }, task);
  else await performSteps(house, task, moveSteps, { house, from, to, snapshots, left: move.instanceOnly ? all : [] });
  return instanceById(house, id);
}

/** The document of the instance in its new place, checked as that of a new one would be. */
function destination(house: MoveNeeds, from: InstanceDoc, move: Move): InstanceDoc {
  const { instanceOnly: _, ...changes } = move;
  const to: InstanceDoc = { ...from, ...changes };
  const reason = instanceNameError(to.name);
  if (reason) fail('instance.name', { reason });
  if (to.name !== from.name || to.project !== from.project) checkFree(house, to);
  checkInstanceConfig(house.facts, to.config);
  checkDevices(house, to.devices, to.project);
  checkProfiles(to.profiles);
  // A root disk of its own that names another pool says where to; without one it stays where it is.
  to.pool = move.pool ?? (move.devices && rootDevice(house, to.devices)?.config.pool) ?? from.pool;
  if (!house.documents.get(keys.pool(to.pool))) fail('pool.not-found', { name: to.pool });
  to.devices = devicesInPool(house, to.project, to, to.pool);
  checkExpandedDevices(house, expand(house, to).devices);
  allowInstance(house, to);
  return to;
}

function checkFree(house: MoveNeeds, to: InstanceDoc): void {
  const { project, name } = to;
  if (!lookUpProject(house, project)) fail('project.not-found', { name: project });
  if (lookUpInstance(house, project, name)) fail('instance.exists', { name });
  checkHostName(house, to);
}
