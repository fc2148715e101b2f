/**
 * What a guest stands on: the tree of a container or the disk of a virtual machine. Use cases that concern no file inside do
 * the same with both.
 */
import { fail } from '../../api/errors.ts';
import { parseBytes } from '../../lib/units.ts';
import type { House } from '../house.ts';
import type { DevicesMap, InstanceDoc } from '../model.ts';
import type { Engine } from '../ports/engine.ts';
import type { Pool, VolumeState, Work } from '../ports/storage.ts';
import { rootDevice } from './devices.ts';

/** As with volumes of trees (ports/storage.ts); a machine that runs writes on while its disk is taken. */
export type Roots = {
  list(): Promise<string[]>;
  copy(from: VolumeState, to: string, work?: Work): Promise<void>;
  copySnapshot(from: VolumeState, to: Required<VolumeState>, work?: Work): Promise<void>;
  replace(id: string, by: string): Promise<void>;
  remove(id: string): Promise<void>;
  snapshots(id: string): Promise<string[]>;
  snapshot(id: string, snapshot: string, work?: Work): Promise<void>;
  restore(id: string, snapshot: string, work?: Work): Promise<void>;
  removeSnapshot(id: string, snapshot: string): Promise<void>;
  usage(id: string, snapshot?: string, options?: { recent?: boolean }): Promise<number>;
};

type Needs = Pick<House, 'engines' | 'runtime'>;
type Kind = InstanceDoc['type'];

/** The name of the root disk inside a machine. */
export const rootDiskId = 'root';
/** As in Incus, where the root disk has no size. */
const defaultDiskBytes = 10 * 2 ** 30;

export function rootsIn(house: Needs, pool: Pool, type: Kind): Roots {
  return type === 'container'
    ? pool.volumes
    : machineRoots(house.engines[type], pool, (id) => house.runtime.get(id) !== undefined);
}

export function rootsOf(
  house: Needs & Pick<House, 'pools'>,
  { pool, type }: Pick<InstanceDoc, 'pool' | 'type'>,
): Roots {
  return rootsIn(house, house.pools.get(pool) ?? fail('pool.closed', { name: pool, reason: 'see gast doctor' }), type);
}

function machineRoots(engine: Engine, { disks }: Pool, isRunning: (id: string) => boolean): Roots {
  const live = (id: string) =>
    isRunning(id) ? { switchTo: (overlay: string) => switchDisk(engine, id, overlay) } : {};
  return {
    list: () => disks.list(),
    copy: (from, to, work) => disks.copy(from, to, { ...work, ...(from.snapshot === undefined ? live(from.id) : {}) }),
    copySnapshot: (from, to, work) =>
      disks.copySnapshot(from, to, { ...work, ...(from.snapshot === undefined ? live(from.id) : {}) }),
    replace: (id, by) => disks.replace(id, by),
    remove: (id) => disks.remove(id),
    snapshots: (id) => disks.snapshots(id),
    snapshot: (id, snapshot, work) => disks.snapshot(id, snapshot, { ...work, ...live(id) }),
    restore: (id, snapshot, work) => disks.restore(id, snapshot, work),
    async removeSnapshot(id, snapshot) {
      await disks.removeSnapshot(id, snapshot);
      // Layers below a machine that runs are merged when it is at rest.
      if (!isRunning(id)) await disks.compact(id);
    },
    usage: (id, snapshot) => disks.usage(id, snapshot),
  };
}

function switchDisk(engine: Engine, id: string, overlay: string): Promise<void> {
  if (!engine.disks) throw new Error(`the engine of ${engine.type}s has no disks`);
  return engine.disks.switchTo(id, rootDiskId, overlay);
}

/** Size of a machine's root disk in bytes, as its device says; undefined when it does not. */
export function rootSizeBytes(house: Pick<House, 'devices'>, devices: DevicesMap): number | undefined {
  const size = rootDevice(house, devices)?.config.size;
  return size === undefined ? undefined : parseBytes(size);
}

export type NewRoot = {
  id: string;
  type: Kind;
  /** Absent: an empty one. */
  image?: string;
  sizeBytes: number | undefined;
};

export async function makeRoot(pool: Pool, { id, type, image, sizeBytes }: NewRoot, work: Work): Promise<void> {
  if (type === 'container')
    return image === undefined ? pool.volumes.createEmpty(id, work) : pool.volumes.createFromImage(id, image, work);
  if (image === undefined) return pool.disks.createEmpty(id, sizeBytes ?? defaultDiskBytes, work);
  const least = await pool.disks.images.sizeBytes(image);
  return pool.disks.createFromImage(id, image, { ...work, sizeBytes: Math.max(least, sizeBytes ?? 0) });
}

/** For what works on files inside a tree. */
export function refuseMachine({ type, name }: Pick<InstanceDoc, 'type' | 'name'>, what: string): void {
  if (type === 'virtual-machine') fail('instance.machine', { name, what });
}
