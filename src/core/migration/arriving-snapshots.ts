/** Snapshots that come from another server: their documents, and which of them a refresh wants. */
import { fail } from '../../api/errors.ts';
import { snapshotNameError } from '../../lib/names.ts';
import type { House } from '../house.ts';
import { copiedConfig, devicesInPool } from '../instances/copy-volume.ts';
import type { InstanceDoc, SnapshotDoc } from '../model.ts';
import type { TravellingSnapshot } from '../ports/migration.ts';

const neverUsed = '0001-01-01T00:00:00Z';

export function checkNames(snapshots: readonly TravellingSnapshot[]): void {
  for (const { name } of snapshots) {
    const reason = snapshotNameError(name);
    if (reason) fail('snapshot.name', { reason });
  }
}

export function arrivedSnapshot(
  house: Pick<House, 'documents' | 'devices' | 'clock'>,
  doc: InstanceDoc,
  from: TravellingSnapshot,
): SnapshotDoc {
  const state = {
    architecture: from.architecture || doc.architecture,
    config: copiedConfig(from.config),
    devices: from.devices,
    profiles: from.profiles,
    ephemeral: from.ephemeral,
    lastUsedAt: from.lastUsedAt?.toISOString() ?? neverUsed,
  };
  return {
    id: house.clock.randomHex(6),
    instance: doc.id,
    name: from.name,
    description: '',
    createdAt: from.createdAt.toISOString(),
    expiresAt: from.expiresAt?.toISOString() ?? '',
    state: { ...state, devices: devicesInPool(house, doc.project, state, doc.pool) },
  };
}

/** The ids of snapshots that arrive, known before there is anything of them. */
export function createSnapshotIds(house: Pick<House, 'clock'>): (snapshot: Pick<TravellingSnapshot, 'name'>) => string {
  const ids = new Map<string, string>();
  return ({ name }) => {
    const id = ids.get(name) ?? house.clock.randomHex(6);
    ids.set(name, id);
    return id;
  };
}

/** Times travel as whole seconds. */
const secondOf = (time: string | Date) => Math.floor(new Date(time).getTime() / 1000);

/** The same snapshot has the same name and was taken at the same time. */
export function compareArriving<T extends Pick<SnapshotDoc, 'name' | 'createdAt'>>(
  offered: readonly TravellingSnapshot[],
  present: readonly T[],
  excludeOlder: boolean,
): { wanted: TravellingSnapshot[]; gone: T[] } {
  const isSame = (a: TravellingSnapshot, b: T) => a.name === b.name && secondOf(a.createdAt) === secondOf(b.createdAt);
  const newest = Math.max(0, ...present.map(({ createdAt }) => secondOf(createdAt)));
  const wanted = offered.filter((snapshot) => !present.some((have) => isSame(snapshot, have)));
  return {
    wanted: excludeOlder ? wanted.filter(({ createdAt }) => secondOf(createdAt) > newest) : wanted,
    gone: present.filter((have) => !offered.some((snapshot) => isSame(snapshot, have))),
  };
}
