/**
 * Work that falls due by the clock: it is looked at a moment after something changed, and again when the next is due; nothing
 * is polled. All of it is the daemon's own: whoever changed something just then did not ask for it.
 */
import { asDaemon } from './events/caller.ts';
import type { Clock } from './ports/clock.ts';

/** Timers do not see that the clock was set: the wall clock is looked at again after so long. */
export const longestSleepMs = 10 * 60_000;

/** Changes come in crowds (many guests start, many snapshots go): they are looked at together. */
const gatherMs = 500;

export type DueWork = Disposable & {
  /** Does what is due and sleeps until the next is. */
  look(): void;
  /** Something that may be due some time came or changed. */
  changed(): void;
};

/** `doDue` starts what is due at that moment and says when the next is, if any. */
export function createDueWork(clock: Clock, doDue: (now: Date) => Date | undefined): DueWork {
  let turn = new AbortController();
  let gathering = false;
  const lookAfter = (waitMs: number) => {
    const { signal } = turn;
    const wake = () => {
      // A sleep that ended in the moment in which another look came first, or the end of it all.
      if (!signal.aborted) look();
    };
    asDaemon(() => clock.sleep(waitMs, signal)).then(wake, () => {});
  };
  const look = () => {
    turn.abort();
    turn = new AbortController();
    gathering = false;
    const now = clock.now();
    const next = asDaemon(() => doDue(now));
    if (next) lookAfter(Math.min(longestSleepMs, Math.max(1, next.getTime() - now.getTime())));
  };
  return {
    look,
    changed() {
      if (gathering) return;
      gathering = true;
      lookAfter(gatherMs);
    },
    [Symbol.dispose]: () => turn.abort(),
  };
}

/** Of many: a list of arguments has its limits. */
export function earliest(timesMs: Iterable<number>): Date | undefined {
  let first = Number.POSITIVE_INFINITY;
  for (const timeMs of timesMs) if (timeMs < first) first = timeMs;
  return first === Number.POSITIVE_INFINITY ? undefined : new Date(first);
}
