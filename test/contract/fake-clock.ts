/** A clock that stands still until the test moves it; ids and random bytes are counted, so that every run is the same. */
import type { Clock } from '../../src/core/ports/clock.ts';

export type FakeClock = Clock & {
  /** Moves time on and ends the sleeps that fall due, in the order of their ends. */
  advance(ms: number): Promise<void>;
  /** How many sleeps wait now. */
  readonly sleeping: number;
};

type Sleeper = { atMs: number; wake: () => void };

export function createFakeClock(options: { start?: Date } = {}): FakeClock {
  const startMs = (options.start ?? new Date('2026-01-01T00:00:00Z')).getTime();
  let elapsed = 0;
  let counter = 0;
  const sleepers = new Set<Sleeper>();
  const nextHex = (digits: number) => (++counter).toString(16).padStart(digits, '0').slice(-digits);
  return {
    now: () => new Date(startMs + elapsed),
    elapsedMs: () => elapsed,
    uuid: () => `00000000-0000-4000-8000-${nextHex(12)}`,
    randomHex: (bytes) => nextHex(bytes * 2),
    get sleeping() {
      return sleepers.size;
    },
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const sleeper = { atMs: elapsed + ms, wake: resolve };
      const onAbort = () => reject(signal?.reason);
      sleepers.add(sleeper);
      signal?.addEventListener('abort', onAbort, { once: true });
      try {
        await promise;
      } finally {
        sleepers.delete(sleeper);
        signal?.removeEventListener('abort', onAbort);
      }
    },
    async advance(ms) {
      const endMs = elapsed + ms;
      for (let due = firstDue(sleepers, endMs); due; due = firstDue(sleepers, endMs)) {
        elapsed = Math.max(elapsed, due.atMs);
        sleepers.delete(due);
        due.wake();
        // Lets the woken code run on and perhaps sleep again before time moves further.
        await new Promise((resolve) => setImmediate(resolve));
      }
      elapsed = endMs;
    },
  };
}

function firstDue(sleepers: ReadonlySet<Sleeper>, endMs: number): Sleeper | undefined {
  let first: Sleeper | undefined;
  for (const sleeper of sleepers) if (sleeper.atMs <= endMs && (!first || sleeper.atMs < first.atMs)) first = sleeper;
  return first;
}
