/** Tells listeners of commits: each one exactly once, in order, also when a listener commits itself. */
import type { Commit } from '../core/ports/store.ts';

export type CommitWatchers = {
  add(listener: (commit: Commit) => void): Disposable;
  /** `read` gives a fresh copy, so that no listener sees what another one did to its commit. */
  deliver(read: () => Commit): void;
};

type Registration = { listener: (commit: Commit) => void };

export function createCommitWatchers(): CommitWatchers {
  const registrations = new Set<Registration>();
  const waiting: { read: () => Commit; to: Registration[] }[] = [];
  let delivering = false;
  return {
    add(listener) {
      const registration = { listener };
      registrations.add(registration);
      return { [Symbol.dispose]: () => void registrations.delete(registration) };
    },
    deliver(read) {
      waiting.push({ read, to: [...registrations] });
      if (delivering) return;
      delivering = true;
      for (let next = waiting.shift(); next; next = waiting.shift())
        for (const registration of next.to) if (registrations.has(registration)) tell(registration, next.read());
      delivering = false;
    },
  };
}

/** A listener that throws is a bug: the others are served all the same, and the bug surfaces as an uncaught exception. */
function tell(registration: Registration, commit: Commit): void {
  try {
    registration.listener(commit);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
