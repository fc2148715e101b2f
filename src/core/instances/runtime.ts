/** What is known about guests that run, in memory only: observed at start and kept current by the engine's events. */
import type { Requestor } from '../events/hub.ts';
import type { EndCause } from '../ports/engine.ts';
import type { NicSpec } from '../ports/network.ts';
import type { ProxySpec } from '../ports/proxies.ts';

export type RunningGuest = { pid: number; startedAt: Date; nics: NicSpec[]; proxies?: ProxySpec[] };

export interface Runtime {
  get(id: string): RunningGuest | undefined;
  set(id: string, guest: RunningGuest): void;
  /** Remembers who asked for the end that is to come: the one who sees it is a watcher. */
  askedToEnd(id: string, requestor: Requestor | undefined): void;
  /** Who asked for it. */
  whoAsked(id: string): Requestor | undefined;
  /** Forgets the guest and wakes everybody who waits for its end. */
  ended(id: string, cause: EndCause): void;
  /** Resolves with the cause when the guest ends, undefined after `timeoutMs` (absent: waits for ever). */
  whenEnded(id: string, timeoutMs: number | undefined, signal?: AbortSignal): Promise<EndCause | undefined>;
}

const longestTimerMs = 2 ** 31 - 1;

export function createRuntime(): Runtime {
  const guests = new Map<string, RunningGuest>();
  const askers = new Map<string, Requestor>();
  const waiting = new Map<string, Set<(cause: EndCause | undefined) => void>>();
  return {
    get: (id) => guests.get(id),
    set: (id, guest) => void guests.set(id, guest),
    askedToEnd(id, requestor) {
      if (requestor) askers.set(id, requestor);
      else askers.delete(id);
    },
    whoAsked: (id) => askers.get(id),
    ended(id, cause) {
      guests.delete(id);
      askers.delete(id);
      for (const wake of waiting.get(id) ?? []) wake(cause);
      waiting.delete(id);
    },
    async whenEnded(id, timeoutMs, signal) {
      signal?.throwIfAborted();
      const { promise, resolve, reject } = Promise.withResolvers<EndCause | undefined>();
      const set = waiting.get(id) ?? new Set();
      waiting.set(id, set.add(resolve));
      // A longer time than a timer can hold would end at once.
      const timer =
        timeoutMs === undefined ? undefined : setTimeout(resolve, Math.min(timeoutMs, longestTimerMs), undefined);
      const abort = () => reject(signal?.reason);
      signal?.addEventListener('abort', abort, { once: true });
      try {
        return await promise;
      } finally {
        clearTimeout(timer);
        set.delete(resolve);
        signal?.removeEventListener('abort', abort);
      }
    },
  };
}
