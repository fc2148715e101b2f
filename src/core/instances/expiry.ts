/** Snapshots that have reached their age are deleted. One timer, set to the next one that is due; nothing is polled. */
import type { House } from '../house.ts';
import type { InstanceDoc, SnapshotDoc } from '../model.ts';
import { keys } from '../model.ts';
import { deleteSnapshot, type SnapshotNeeds } from './snapshots.ts';

/** Timers do not see that the clock was set: the wall clock is looked at again after so long. */
const longestMs = 10 * 60_000;

/** Call `look` whenever a snapshot may have come or changed. */
export function createExpiry(house: SnapshotNeeds & Pick<House, 'documents'>): { look(): void } & Disposable {
  let timer: NodeJS.Timeout | undefined;
  const due = () => house.documents.list<SnapshotDoc>('snapshots/').filter((doc) => doc.expiresAt !== '');
  const remove = async (snapshot: SnapshotDoc) => {
    if (!house.documents.get<InstanceDoc>(keys.instance(snapshot.instance))) return;
    await house.queue(snapshot.instance, () => deleteSnapshot(house, snapshot.instance, snapshot.name));
  };
  const look = () => {
    clearTimeout(timer);
    const now = house.clock.now().getTime();
    const waiting: number[] = [];
    for (const snapshot of due()) {
      const at = Date.parse(snapshot.expiresAt);
      if (at > now) waiting.push(at - now);
      else
        remove(snapshot).catch((error: unknown) =>
          house.events.logging('warning', `The expired snapshot ${snapshot.name} could not be deleted: ${error}`),
        );
    }
    if (waiting.length > 0) timer = setTimeout(look, Math.min(longestMs, Math.min(...waiting) + 1)).unref();
  };
  return { look, [Symbol.dispose]: () => clearTimeout(timer) };
}
