/**
 * Snapshots of custom volumes by the clock (`snapshots.schedule`). Sleeps until the next one is due. What fell due while no
 * daemon was there is not made up for.
 */
import { nextTime, parseSchedule } from '../../lib/cron.ts';
import { createDueWork, type DueWork, earliest, longestSleepMs } from '../due-work.ts';
import type { VolumeDoc } from '../model.ts';
import type { VolumeNeeds } from './create.ts';
import { allVolumes, volumeById, volumeUrl } from './find.ts';
import { takeVolumeSnapshot } from './snapshots.ts';

/** Call `look` whenever a volume may have come or changed. */
export function createVolumeSchedule(house: VolumeNeeds): Pick<DueWork, 'look'> & Disposable {
  let since = house.clock.now();
  return createDueWork(house.clock, (now) => {
    // Put back: what was done for the hour that comes again is not done again before it is over.
    if (now.getTime() < since.getTime() - longestSleepMs) since = now;
    const due = allVolumes(house).filter((doc) => {
      const at = dueAfter(doc, since);
      return at !== undefined && at <= now;
    });
    if (now > since) since = now;
    for (const doc of due) take(house, doc);
    return earliest(allVolumes(house).flatMap((doc) => dueAfter(doc, since)?.getTime() ?? []));
  });
}

function dueAfter(doc: VolumeDoc, after: Date): Date | undefined {
  const schedule = parseSchedule(doc.config['snapshots.schedule'] ?? '');
  return schedule && nextTime(schedule, after);
}

function take(house: VolumeNeeds, doc: VolumeDoc): void {
  const resources = { storage_volumes: [volumeUrl(doc)] };
  house.operations.start(
    { description: 'Creating storage volume snapshot', project: doc.project, resources },
    async (task) => {
      await house.queue(doc.id, async () => {
        volumeById(house, doc.id);
        await takeVolumeSnapshot(house, doc.id, {}, task);
      });
    },
  );
}
