/**
 * Guests whose supervisor was killed: nobody writes down their end. While there are such guests, and only then, their
 * first processes are looked at from time to time.
 */
import { isAlive, type ProcessRef } from '../host/process.ts';
import type { Ends } from './ends.ts';

const lookEveryMs = 250;

export type Orphans = Disposable & {
  /** Begins to look after the guest when it has no supervisor. */
  check(id: string): void;
};

export type OrphanFacts = {
  exists(id: string): boolean;
  /** The first process of a guest that lives. */
  living(id: string): ProcessRef | undefined;
  isSupervised(id: string): boolean;
};

export function watchOrphans(guests: OrphanFacts, ends: Ends): Orphans {
  const timers = new Map<string, NodeJS.Timeout>();
  const stop = (id: string) => {
    clearInterval(timers.get(id));
    timers.delete(id);
  };
  const check = (id: string) => {
    const first = guests.living(id);
    if (!first || timers.has(id) || guests.isSupervised(id)) return;
    const look = () => {
      if (isAlive(first)) return;
      stop(id);
      // Another run of the guest, or none any more, when it was removed meanwhile.
      if (guests.exists(id) && !guests.living(id)) ends.tellUnknown(id);
    };
    timers.set(id, setInterval(look, lookEveryMs).unref());
  };
  return {
    check,
    [Symbol.dispose]() {
      for (const id of [...timers.keys()]) stop(id);
    },
  };
}
