/** Copying what an instance holds on disk, its root file system and its snapshots, within a pool or into another. */
import { fail } from '../../api/errors.ts';
import type { House } from '../house.ts';
import type { DevicesMap, InstanceDoc, SnapshotDoc } from '../model.ts';
import type { Pool, VolumeState, Work } from '../ports/storage.ts';
import { rootDevice } from './devices.ts';
import { expand, knownProfiles } from './expand.ts';
import { instanceById, snapshotsOf } from './find.ts';
import { rootsIn } from './roots.ts';
import { standingStill } from './still.ts';

export type CopyNeeds = Pick<
  House,
  'documents' | 'devices' | 'pools' | 'clock' | 'queue' | 'engines' | 'runtime' | 'mountDirectory'
>;

/** What a copy is made of. */
export type VolumeSource = {
  kind: 'volume';
  id: string;
  snapshot?: string;
  /** Snapshots come along. */
  whole: boolean;
  /** The guest may go on writing meanwhile. */
  inconsistent: boolean;
};

type State = { pool: string; id: string; snapshot?: string };
type Kind = InstanceDoc['type'];

export function openedPool(house: Pick<House, 'pools'>, name: string): Pool {
  return house.pools.get(name) ?? fail('pool.closed', { name, reason: 'see gast doctor' });
}

/** Copies a volume or snapshot to a new one. The caller sees to it that nobody changes it meanwhile. */
export async function copyState(house: CopyNeeds, type: Kind, from: State, to: State, work: Work): Promise<void> {
  const [here, there] = [openedPool(house, from.pool), openedPool(house, to.pool)];
  const { pool: _from, ...state } = from;
  const { pool: _to, ...place } = to;
  if (here === there) {
    const target = rootsIn(house, here, type);
    if (place.snapshot === undefined) return target.copy(state, place.id, work);
    return target.copySnapshot(state, { id: place.id, snapshot: place.snapshot }, work);
  }
  if (type === 'virtual-machine') return copyDisk(house, { pool: here, state }, { pool: there, place }, work);
  const [source, target] = [here.volumes, there.volumes];
  const mounted = `${house.mountDirectory}/copy-${house.clock.uuid()}`;
  const { id, ...which } = state;
  await source.mount(id, mounted, { ...which, readOnly: true });
  try {
    await target.copyFrom(mounted, place, work);
  } finally {
    await source.unmount(mounted);
  }
}

/** Into another pool, where nothing is shared. A machine that runs is copied by a snapshot that goes afterwards. */
async function copyDisk(
  house: CopyNeeds,
  from: { pool: Pool; state: VolumeState },
  to: { pool: Pool; place: VolumeState },
  { signal }: Work,
): Promise<void> {
  const write = async (state: VolumeState) => {
    await to.pool.disks.create(
      to.place,
      (path) => from.pool.disks.writeOut(state, path, { format: 'qcow2' }, signal ? { signal } : {}),
      signal ? { signal } : {},
    );
    await to.pool.machineFiles.copyFrom(from.pool.machineFiles.folder(state), to.place);
  };
  const { id, snapshot } = from.state;
  if (snapshot !== undefined || !house.runtime.get(id)) return write(from.state);
  const passing = house.clock.randomHex(6);
  const roots = rootsIn(house, from.pool, 'virtual-machine');
  await roots.snapshot(id, passing);
  try {
    await write({ id, snapshot: passing });
  } finally {
    await roots.removeSnapshot(id, passing);
  }
}

/** Copies the root file system of `from`, which stands still for it, to the new volume `to`. */
export function copyRoot(
  house: CopyNeeds,
  from: InstanceDoc,
  to: State,
  work: Work & { inconsistent?: boolean },
): Promise<void> {
  const copy = () => copyState(house, from.type, { pool: from.pool, id: from.id }, to, work);
  return work.inconsistent ? copy() : standingStill(house, from, copy);
}

/**
 * Makes the volume of the new instance `doc`, with snapshots when they were asked for; gives their documents, not yet
 * stored. Nobody changes the source meanwhile: a snapshot of it cannot go, and a guest that runs on it stands still.
 */
export function copyVolume(
  house: CopyNeeds,
  source: VolumeSource,
  doc: InstanceDoc,
  signal: AbortSignal,
): Promise<SnapshotDoc[]> {
  return house.queue(source.id, async () => {
    const from = instanceById(house, source.id);
    const to = { pool: doc.pool, id: doc.id };
    if (source.snapshot !== undefined) {
      await copyState(house, from.type, { pool: from.pool, id: from.id, snapshot: source.snapshot }, to, { signal });
      return [];
    }
    const copies: SnapshotDoc[] = [];
    for (const snapshot of source.whole ? snapshotsOf(house, from.id) : [])
      copies.push(await copySnapshot(house, from, snapshot, doc, signal));
    await copyRoot(house, from, to, { signal, inconsistent: source.inconsistent });
    return copies;
  });
}

/** Gives the instance `to` a snapshot of another one; the document is not stored yet. */
export async function copySnapshot(
  house: CopyNeeds,
  from: InstanceDoc,
  snapshot: SnapshotDoc,
  to: InstanceDoc,
  signal: AbortSignal,
): Promise<SnapshotDoc> {
  const id = house.clock.randomHex(6);
  const source = { pool: from.pool, id: from.id, snapshot: snapshot.id };
  await copyState(house, from.type, source, { pool: to.pool, id: to.id, snapshot: id }, { signal });
  return {
    ...snapshot,
    id,
    instance: to.id,
    state: {
      ...snapshot.state,
      config: copiedConfig(snapshot.state.config),
      devices: devicesInPool(house, to.project, snapshot.state, to.pool),
    },
  };
}

/** A copy takes everything but what belongs to the one guest; the image and the board it stands on stay known. */
export function copiedConfig(config: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(config).filter(([key]) => !key.startsWith('volatile.') || copiedKeys.includes(key)),
  );
}

/** A system is bound to the board that it was made on. */
const copiedKeys = ['volatile.base_image', 'volatile.vm.definition'];

/** Own devices with which the root disk lies in `pool`, whatever profiles say. */
export function devicesInPool(
  house: Pick<House, 'documents' | 'devices'>,
  project: string,
  state: SnapshotDoc['state'],
  pool: string,
): DevicesMap {
  const { devices } = expand(house, { ...state, project, profiles: knownProfiles(house, project, state.profiles) });
  const root = rootDevice(house, devices);
  if (root?.config.pool === pool) return state.devices;
  return { ...state.devices, [root?.device ?? 'root']: { type: 'disk', path: '/', ...root?.config, pool } };
}
