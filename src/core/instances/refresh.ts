/**
 * Bringing a stopped copy up to date with its source: the root file system and the snapshots. Config and devices stay as
 * they are; clients send them afterwards.
 */
import { fail } from '../../api/errors.ts';
import { type InstanceDoc, keys, type SnapshotDoc } from '../model.ts';
import { performSteps } from '../operations/perform.ts';
import type { Task } from '../operations/registry.ts';
import type { Step } from '../operations/steps.ts';
import { changeInstance } from './change.ts';
import { type CopyNeeds, copyRoot, copySnapshot, copyState, type VolumeSource } from './copy-volume.ts';
import { instanceById, instanceUrl, snapshotsOf } from './find.ts';
import { rootsOf } from './roots.ts';
import { deleteSnapshot, type SnapshotNeeds } from './snapshots.ts';

export type RefreshNeeds = CopyNeeds & SnapshotNeeds;

type Context = {
  house: RefreshNeeds;
  from: InstanceDoc;
  to: InstanceDoc;
  source: VolumeSource;
  excludeOlder: boolean;
  task: Task;
};

const refreshSteps: readonly Step<Context>[] = [
  {
    name: 'take over the snapshots',
    do: (context, signal) => (context.source.whole ? takeSnapshots(context, signal) : undefined),
  },
  { name: 'replace the root file system', do: replaceRoot },
];

/** `source.whole`: the snapshots too; `excludeOlder` leaves out those older than the newest that is there. */
export function refreshInstance(
  house: RefreshNeeds,
  id: string,
  source: VolumeSource,
  options: { excludeOlder: boolean },
  task: Task,
): Promise<void> {
  if (source.id === id) fail('instance.source', { reason: 'an instance cannot be refreshed from itself' });
  // Always in the same order: of two refreshes between the same two, one waits for the other.
  const [first = '', second = ''] = [id, source.id].sort();
  return house.queue(first, () =>
    house.queue(second, async () => {
      const to = instanceById(house, id);
      if (to.phase !== 'stopped') fail('instance.refresh-running');
      const from = instanceById(house, source.id);
      await performSteps(house, task, refreshSteps, { house, from, to, source, task, ...options });
    }),
  );
}

/** The same snapshot has the same name and was taken at the same time. */
const isSame = (a: SnapshotDoc, b: SnapshotDoc) => a.name === b.name && a.createdAt === b.createdAt;

/** What a refresh does to the snapshots of the target. */
export function compareSnapshots(
  source: readonly SnapshotDoc[],
  target: readonly SnapshotDoc[],
  excludeOlder: boolean,
): { wanted: SnapshotDoc[]; gone: SnapshotDoc[] } {
  const gone = target.filter((have) => !source.some((snapshot) => isSame(snapshot, have)));
  const newest =
    target
      .map(({ createdAt }) => createdAt)
      .sort()
      .at(-1) ?? '';
  const wanted = source.filter((snapshot) => !target.some((have) => isSame(snapshot, have)));
  return { gone, wanted: excludeOlder ? wanted.filter(({ createdAt }) => createdAt > newest) : wanted };
}

async function takeSnapshots({ house, from, to, excludeOlder, task }: Context, signal: AbortSignal): Promise<void> {
  const { wanted, gone } = compareSnapshots(snapshotsOf(house, from.id), snapshotsOf(house, to.id), excludeOlder);
  for (const { name } of gone) await deleteSnapshot(house, to.id, name, task);
  for (const snapshot of wanted) {
    const copy = await copySnapshot(house, from, snapshot, to, signal);
    await house.documents.put(keys.snapshot(to.id, copy.id), copy);
    house.events.lifecycle(to.project, {
      action: 'instance-snapshot-created',
      source: instanceUrl(to, `/snapshots/${encodeURIComponent(copy.name)}`),
      name: to.name,
    });
  }
}

/** The new state is made beside the old one: what is left after a crash has no document, and is cleared. */
async function replaceRoot({ house, from, to, source }: Context, signal: AbortSignal): Promise<void> {
  const roots = rootsOf(house, to);
  const made = house.clock.randomHex(6);
  const place = { pool: to.pool, id: made };
  if (source.snapshot === undefined) await copyRoot(house, from, place, { signal, inconsistent: source.inconsistent });
  else
    await copyState(house, from.type, { pool: from.pool, id: from.id, snapshot: source.snapshot }, place, { signal });
  try {
    await roots.replace(to.id, made);
  } catch (error) {
    await roots.remove(made);
    throw error;
  }
  const { 'volatile.base_image': _, ...config } = to.config;
  const image = from.config['volatile.base_image'];
  const base = image === undefined ? {} : { 'volatile.base_image': image };
  await changeInstance(house, to.id, { config: { ...config, ...base, 'volatile.apply_template': 'copy' } });
}
