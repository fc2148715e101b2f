/** The clock port on the real machine. */
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../core/ports/clock.ts';

export function createSystemClock(): Clock {
  return {
    now: () => new Date(),
    elapsedMs: () => performance.now(),
    uuid: () => randomUUID(),
    randomHex: (bytes) => randomBytes(bytes).toString('hex'),
    sleep: async (ms, signal) => {
      try {
        await delay(ms, undefined, signal ? { signal } : {});
      } catch (error) {
        // Node wraps the reason into an AbortError; callers compare with their own reason.
        if (signal?.aborted) throw signal.reason;
        throw error;
      }
    },
  };
}
