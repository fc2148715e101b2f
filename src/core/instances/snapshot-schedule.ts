/**
 * Snapshots by the clock (`snapshots.schedule`) and at the start of a guest (`@startup`). Sleeps until the next one is due.
 * What fell due while no daemon was there, or was jumped over by the clock, is not made up for: one snapshot follows at most.
 */
import { isTrue } from '../../api/config-keys/key.ts';
import { nextTime, parseSchedule } from '../../lib/cron.ts';
import { createDueWork, type DueWork, earliest, longestSleepMs } from '../due-work.ts';
import { asDaemon } from '../events/caller.ts';
import type { House } from '../house.ts';
import type { InstanceDoc } from '../model.ts';
import { expand } from './expand.ts';
import { allInstances, instanceById, instanceUrl, lookUpInstance } from './find.ts';
import { type SnapshotNeeds, takeSnapshot } from './snapshots.ts';

type Needs = SnapshotNeeds & Pick<House, 'operations' | 'devices'>;

/** Call `changed` whenever an instance or profile may have changed. */
export function createSnapshotSchedule(house: Needs): DueWork {
  let since = house.clock.now();
  const work = createDueWork(house.clock, (now) => {
    // Put back: what was done for the hour that comes again is not done again before it is over.
    if (now.getTime() < since.getTime() - longestSleepMs) since = now;
    const due = dueInstances(house, since, now);
    if (now > since) since = now;
    for (const doc of due) take(house, doc);
    return nextDue(house, since);
  });
  const starts = house.events.subscribe(({ type, metadata }) => {
    const { action, name, project } = (metadata ?? {}) as { action?: string; name?: string; project?: string };
    if (type !== 'lifecycle' || action !== 'instance-started' || !name || !project) return;
    const doc = lookUpInstance(house, project, name);
    if (doc && scheduleOf(house, doc)?.atStartup) asDaemon(() => take(house, doc));
  });
  return {
    ...work,
    [Symbol.dispose]() {
      work[Symbol.dispose]();
      starts[Symbol.dispose]();
    },
  };
}

function scheduleOf(house: Pick<House, 'documents'>, doc: InstanceDoc) {
  const text = expand(house, doc).config['snapshots.schedule'];
  return text ? parseSchedule(text) : undefined;
}

/** Instances of which a snapshot fell due between the two moments. */
function dueInstances(house: Needs, since: Date, now: Date): InstanceDoc[] {
  return allInstances(house).filter((doc) => {
    const schedule = scheduleOf(house, doc);
    const at = schedule && nextTime(schedule, since);
    if (!at || at > now) return false;
    return doc.phase === 'running' || doc.phase === 'frozen' || wantedStopped(house, doc);
  });
}

const wantedStopped = (house: Needs, doc: InstanceDoc) =>
  doc.phase === 'stopped' && isTrue(expand(house, doc).config['snapshots.schedule.stopped'] ?? 'false');

function nextDue(house: Needs, after: Date): Date | undefined {
  return earliest(
    allInstances(house).flatMap((doc) => {
      const schedule = scheduleOf(house, doc);
      return (schedule && nextTime(schedule, after)?.getTime()) ?? [];
    }),
  );
}

function take(house: Needs, { id, project, name }: InstanceDoc): void {
  const url = instanceUrl({ name, project });
  house.operations.start(
    { description: 'Snapshotting instance', project, resources: { instances: [url] } },
    async (task) => {
      await house.queue(id, async () => {
        instanceById(house, id);
        await takeSnapshot(house, id, {}, task);
      });
    },
  );
}
