/**
 * Guests whose supervisor was killed: nobody writes down their end. While there are such guests, and only then, their
 * inits are looked at from time to time.
 */
import { isAlive } from '../../host/process.ts';
import type { Ends } from './ends.ts';
import type { Layout } from './layout.ts';
import { listGuests, livingInit } from './record.ts';
import { findSupervisor } from './supervisor.ts';

const lookEveryMs = 250;

export type Orphans = Disposable & {
  /** Begins to look after the guest when it has no supervisor. */
  check(id: string): void;
};

export function watchOrphans(layout: Layout, ends: Ends): Orphans {
  const timers = new Map<string, NodeJS.Timeout>();
  const stop = (id: string) => {
    clearInterval(timers.get(id));
    timers.delete(id);
  };
  const check = (id: string) => {
    const init = livingInit(layout, id);
    if (!init || timers.has(id) || findSupervisor(layout, id)) return;
    const look = () => {
      if (isAlive(init)) return;
      stop(id);
      // Another run of the guest, or none any more, when it was removed meanwhile.
      if (listGuests(layout).includes(id) && !livingInit(layout, id)) ends.tellUnknown(id);
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
