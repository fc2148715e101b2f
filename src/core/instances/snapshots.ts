/** Snapshots: taken while the guest stands still for a moment, restored into a stopped instance. */
import { fail } from '../../api/errors.ts';
import { expiryDate } from '../../lib/duration.ts';
import { nextNumbered, snapshotNameError } from '../../lib/names.ts';
import type { House } from '../house.ts';
import { type InstanceDoc, keys, type SnapshotDoc } from '../model.ts';
import { applyEvent } from './change.ts';
import { expand } from './expand.ts';
import { findSnapshot, instanceById, instanceUrl, snapshotsOf } from './find.ts';

export type SnapshotNeeds = Pick<House, 'documents' | 'engine' | 'pools' | 'queue' | 'clock' | 'events' | 'runtime'>;
export type SnapshotRequest = { name?: string; description?: string; expiresAt?: string };

const poolOf = (house: SnapshotNeeds, doc: InstanceDoc) =>
  house.pools.get(doc.pool) ?? fail('pool.closed', { name: doc.pool, reason: 'see gast doctor' });

/** The caller holds the instance's queue. */
export async function takeSnapshot(
  house: SnapshotNeeds,
  id: string,
  request: SnapshotRequest,
  signal: AbortSignal,
): Promise<SnapshotDoc> {
  const doc = instanceById(house, id);
  const names = snapshotsOf(house, id).map((snapshot) => snapshot.name);
  const { config } = expand(house, doc);
  const name = request.name || nextNumbered((config['snapshots.pattern'] ?? 'snap%d').replace('%d', ''), names);
  const reason = snapshotNameError(name);
  if (reason) fail('snapshot.name', { reason });
  if (names.includes(name)) fail('snapshot.exists', { name });
  const now = house.clock.now();
  const { architecture, devices, profiles, ephemeral, lastUsedAt } = doc;
  const snapshot: SnapshotDoc = {
    id: house.clock.randomHex(6),
    instance: id,
    name,
    description: request.description ?? '',
    createdAt: now.toISOString(),
    expiresAt: request.expiresAt ?? expiryDate(config['snapshots.expiry'] ?? '', now)?.toISOString() ?? '',
    state: { architecture, config: doc.config, devices, profiles, ephemeral, lastUsedAt },
  };
  await standingStill(house, doc, () => poolOf(house, doc).volumes.snapshot(id, snapshot.id, { signal }));
  try {
    await house.documents.put(keys.snapshot(id, snapshot.id), snapshot);
  } catch (error) {
    await poolOf(house, doc).volumes.removeSnapshot(id, snapshot.id);
    throw error;
  }
  house.events.lifecycle(doc.project, {
    action: 'instance-snapshot-created',
    source: instanceUrl(doc, `/snapshots/${encodeURIComponent(name)}`),
    name: doc.name,
  });
  return snapshot;
}

/** Freezes a running guest for the time of `work`, so that what is copied belongs together. */
export async function standingStill<T>(
  house: Pick<House, 'engine'>,
  doc: InstanceDoc,
  work: () => Promise<T>,
): Promise<T> {
  if (doc.phase !== 'running') return work();
  await house.engine.freeze(doc.id);
  try {
    return await work();
  } finally {
    // The guest may have been killed meanwhile; its end is told elsewhere.
    await house.engine.unfreeze(doc.id).catch(() => {});
  }
}

/** Puts a stopped instance back to a snapshot: root file system, config, devices. The caller holds the instance's queue. */
export async function restoreSnapshot(
  house: SnapshotNeeds,
  id: string,
  name: string,
  operation: string,
  signal: AbortSignal,
): Promise<void> {
  const doc = instanceById(house, id);
  const snapshot = findSnapshot(house, doc, name);
  await applyEvent(house, id, 'restore', { operation });
  try {
    await poolOf(house, doc).volumes.restore(id, snapshot.id, { signal });
  } catch (error) {
    await applyEvent(house, id, 'restored');
    throw error;
  }
  const { config, devices, profiles, architecture, ephemeral } = snapshot.state;
  const volatile = Object.fromEntries(Object.entries(doc.config).filter(([key]) => key.startsWith('volatile.')));
  await applyEvent(house, id, 'restored', {
    config: { ...config, ...volatile },
    devices,
    profiles,
    architecture,
    ephemeral,
  });
  house.events.lifecycle(doc.project, {
    action: 'instance-restored',
    source: instanceUrl(doc),
    name: doc.name,
    context: { snapshot: name },
  });
}

export async function deleteSnapshot(house: SnapshotNeeds, id: string, name: string): Promise<void> {
  const doc = instanceById(house, id);
  const snapshot = findSnapshot(house, doc, name);
  // The document first: what is left of the volume after a crash is an orphan that repair clears.
  await house.documents.delete(keys.snapshot(id, snapshot.id));
  await poolOf(house, doc).volumes.removeSnapshot(id, snapshot.id);
  house.events.lifecycle(doc.project, {
    action: 'instance-snapshot-deleted',
    source: instanceUrl(doc, `/snapshots/${encodeURIComponent(name)}`),
    name: doc.name,
  });
}

export async function changeSnapshot(
  house: SnapshotNeeds,
  id: string,
  name: string,
  patch: Partial<Pick<SnapshotDoc, 'name' | 'expiresAt' | 'description'>>,
): Promise<void> {
  const doc = instanceById(house, id);
  const snapshot = findSnapshot(house, doc, name);
  if (patch.name !== undefined && patch.name !== name) {
    const reason = snapshotNameError(patch.name);
    if (reason) fail('snapshot.name', { reason });
    if (snapshotsOf(house, id).some((other) => other.name === patch.name))
      fail('snapshot.exists', { name: patch.name });
  }
  await house.documents.put(keys.snapshot(id, snapshot.id), { ...snapshot, ...patch });
  const action = patch.name === undefined ? 'instance-snapshot-updated' : 'instance-snapshot-renamed';
  house.events.lifecycle(doc.project, {
    action,
    source: instanceUrl(doc, `/snapshots/${encodeURIComponent(patch.name ?? name)}`),
    name: doc.name,
  });
}
