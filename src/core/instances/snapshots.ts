/** Snapshots: taken while the guest stands still for a moment, changed, deleted. */
import { fail } from '../../api/errors.ts';
import { expiryDate } from '../../lib/duration.ts';
import { snapshotNameError } from '../../lib/names.ts';
import type { House } from '../house.ts';
import { type InstanceDoc, keys, type SnapshotDoc } from '../model.ts';
import { performSteps } from '../operations/perform.ts';
import type { Task } from '../operations/registry.ts';
import { runSteps, type Step } from '../operations/steps.ts';
import { allowSnapshot } from '../projects/rules.ts';
import { expand } from './expand.ts';
import { findSnapshot, instanceById, instanceUrl, snapshotsOf } from './find.ts';
import { checkSaving, snapshotWithMemory } from './memory.ts';
import { rootsOf } from './roots.ts';
import { chosenName, defaultPattern } from './snapshot-name.ts';
import { standingStill } from './still.ts';

export type SnapshotNeeds = Pick<House, 'documents' | 'engines' | 'pools' | 'queue' | 'clock' | 'events' | 'runtime'>;
export type SnapshotRequest = { name?: string; description?: string; expiresAt?: string; stateful?: boolean };

type SnapshotContext = {
  house: SnapshotNeeds;
  doc: InstanceDoc;
  snapshot: SnapshotDoc;
};

/** A tree is copied file by file; the disk of a machine is taken in one moment, for which the machine need not stand still. */
function atOneMoment(house: SnapshotNeeds, doc: InstanceDoc, take: () => Promise<void>): Promise<void> {
  return doc.type === 'container' ? standingStill(house, doc, take) : take();
}

const snapshotSteps: readonly Step<SnapshotContext>[] = [
  {
    name: 'copy the root file system',
    do: ({ house, doc, snapshot }, signal) =>
      snapshot.stateful
        ? snapshotWithMemory(house, doc, snapshot, signal)
        : atOneMoment(house, doc, () => rootsOf(house, doc).snapshot(doc.id, snapshot.id, { signal })),
    undo: ({ house, doc, snapshot }) => rootsOf(house, doc).removeSnapshot(doc.id, snapshot.id),
  },
  {
    name: 'enter the snapshot',
    do: ({ house, doc, snapshot }) => house.documents.put(keys.snapshot(doc.id, snapshot.id), snapshot),
  },
];

/** The caller holds the instance's queue. */
export async function takeSnapshot(
  house: SnapshotNeeds,
  id: string,
  request: SnapshotRequest,
  task: Task,
): Promise<SnapshotDoc> {
  const doc = instanceById(house, id);
  if (request.stateful) checkSaving(house, doc, 'snapshots');
  const snapshot = draftSnapshot(house, doc, request);
  await performSteps(house, task, snapshotSteps, { house, doc, snapshot });
  house.events.lifecycle(doc.project, {
    action: 'instance-snapshot-created',
    source: instanceUrl(doc, `/snapshots/${encodeURIComponent(snapshot.name)}`),
    name: doc.name,
  });
  return snapshot;
}

/** The name that a snapshot without one would get now. */
export function nextName(house: SnapshotNeeds, doc: InstanceDoc): string {
  const names = snapshotsOf(house, doc.id).map((snapshot) => snapshot.name);
  const pattern = expand(house, doc).config['snapshots.pattern'] || defaultPattern;
  return chosenName(pattern, names, house.clock.now());
}

function draftSnapshot(house: SnapshotNeeds, doc: InstanceDoc, request: SnapshotRequest): SnapshotDoc {
  allowSnapshot(house, doc.project);
  const { config } = expand(house, doc);
  const now = house.clock.now();
  const name = request.name || nextName(house, doc);
  const reason = snapshotNameError(name);
  if (reason) fail('snapshot.name', { reason });
  if (snapshotsOf(house, doc.id).some((snapshot) => snapshot.name === name)) fail('snapshot.exists', { name });
  const { architecture, devices, profiles, ephemeral, lastUsedAt, metadata } = doc;
  return {
    id: house.clock.randomHex(6),
    instance: doc.id,
    name,
    description: request.description ?? '',
    createdAt: now.toISOString(),
    expiresAt: request.expiresAt ?? expiryDate(config['snapshots.expiry'] ?? '', now)?.toISOString() ?? '',
    ...(request.stateful ? { stateful: true } : {}),
    state: {
      ...{ architecture, config: doc.config, devices, profiles, ephemeral, lastUsedAt },
      ...(metadata === undefined ? {} : { metadata }),
    },
  };
}

// No undo: what is left of the files after a crash is an orphan that repair clears.
const deleteSteps: readonly Step<SnapshotContext>[] = [
  {
    name: 'forget the snapshot',
    do: ({ house, doc, snapshot }) => house.documents.delete(keys.snapshot(doc.id, snapshot.id)),
  },
  {
    name: 'delete its files',
    do: ({ house, doc, snapshot }) => rootsOf(house, doc).removeSnapshot(doc.id, snapshot.id),
  },
];

/** The caller holds the instance's queue. Without an operation when the snapshot has expired. */
export async function deleteSnapshot(house: SnapshotNeeds, id: string, name: string, task?: Task): Promise<void> {
  const doc = instanceById(house, id);
  const snapshot = findSnapshot(house, doc, name);
  await runSteps(
    deleteSteps,
    { house, doc, snapshot },
    {
      signal: new AbortController().signal,
      elapsedMs: house.clock.elapsedMs,
      onStep: (report) => task?.onStep(report),
    },
  );
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
    ...(patch.name === undefined ? {} : { context: { old_name: `${doc.name}/${name}` } }),
  });
}
