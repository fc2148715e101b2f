/**
 * What a guest stands on: the tree of a container or the disk of a virtual machine. Use cases that concern no file inside do
 * the same with both.
 */
import { fail } from '../../api/errors.ts';
import type { HostError } from '../../lib/host-error.ts';
import { parseBytes } from '../../lib/units.ts';
import type { House } from '../house.ts';
import type { DevicesMap, InstanceDoc } from '../model.ts';
import type { Frozen } from '../ports/disks.ts';
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
  /** `switchTo`: does more at the moment of the snapshot than to switch the disk (ports/disks.ts). */
  snapshot(id: string, snapshot: string, work?: Frozen): Promise<void>;
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

function machineRoots(
  engine: Engine,
  { disks, machineFiles, memories }: Pool,
  isRunning: (id: string) => boolean,
): Roots {
  const live = (id: string) =>
    isRunning(id) ? { switchTo: (overlay: string) => liveDisks(engine).switchTo(id, rootDiskId, overlay) } : {};
  /** The small files go along with the disk, after it: what has no disk is swept. */
  const along = (from: VolumeState, to: VolumeState) => machineFiles.copyFrom(machineFiles.folder(from), to);
  return {
    list: () => disks.list(),
    async copy(from, to, work) {
      await disks.copy(from, to, { ...work, ...(from.snapshot === undefined ? live(from.id) : {}) });
      await along(from, { id: to });
    },
    async copySnapshot(from, to, work) {
      await disks.copySnapshot(from, to, { ...work, ...(from.snapshot === undefined ? live(from.id) : {}) });
      await along(from, to);
    },
    async replace(id, by) {
      await along({ id: by }, { id });
      await disks.replace(id, by);
      await machineFiles.remove({ id: by });
    },
    async remove(id) {
      await disks.remove(id);
      await machineFiles.remove({ id });
      await memories.removeAll(id);
    },
    snapshots: (id) => disks.snapshots(id),
    async snapshot(id, snapshot, work) {
      await disks.snapshot(id, snapshot, { ...live(id), ...work });
      await along({ id }, { id, snapshot });
    },
    async restore(id, snapshot, work) {
      await disks.restore(id, snapshot, work);
      await along({ id, snapshot }, { id });
    },
    async removeSnapshot(id, snapshot) {
      await disks.removeSnapshot(id, snapshot);
      await machineFiles.remove({ id, snapshot });
      await memories.remove({ id, snapshot });
      // At the start of the daemon only the locks tell that a machine runs: its layers are merged the next time.
      await disks
        .compact(id, isRunning(id) ? { stream: (files) => liveDisks(engine).merge(id, files) } : {})
        .catch(unlessBusy);
    },
    usage: async (id, snapshot) =>
      (await disks.usage(id, snapshot)) + (await memories.bytes(snapshot === undefined ? { id } : { id, snapshot })),
  };
}

function unlessBusy(error: unknown): void {
  if ((error as HostError).errno !== 'EBUSY') throw error;
}

function liveDisks({ disks, type }: Engine): NonNullable<Engine['disks']> {
  if (!disks) throw new Error(`the engine of ${type}s has no disks`);
  return disks;
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
