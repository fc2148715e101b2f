/** The desk where websockets of one operation arrive: the client shows a secret, the work asks by name. */
import { timingSafeEqual } from 'node:crypto';
import { fail } from '../../api/errors.ts';
import type { Channel } from '../../api/handlers.ts';

/** How long the work waits for the client to connect. */
const arrivalMs = 10_000;

export function createChannelDesk(names: readonly string[], secret: () => string) {
  const slots = names.map((name) => ({
    name,
    secret: secret(),
    taken: false,
    arrived: Promise.withResolvers<Channel>(),
  }));
  for (const slot of slots) slot.arrived.promise.catch(() => {});
  const find = (given: string) => slots.find((slot) => equal(slot.secret, given));
  return {
    secrets: Object.fromEntries(slots.map((slot) => [slot.name, slot.secret])),
    knows: (given: string) => find(given) !== undefined,
    /** Undefined for a wrong or used secret. */
    connect(given: string): ((channel: Channel) => void) | undefined {
      const slot = find(given);
      if (!slot || slot.taken) return undefined;
      slot.taken = true;
      return (channel) => slot.arrived.resolve(channel);
    },
    async take(name: string, signal: AbortSignal): Promise<Channel> {
      const slot = slots.find((candidate) => candidate.name === name);
      if (!slot) return fail('operation.not-found');
      const abort = () => slot.arrived.reject(signal.reason);
      const timer = setTimeout(
        () => slot.arrived.reject(new Error(`no client connected to "${name}" within ${arrivalMs / 1000} s`)),
        arrivalMs,
      );
      signal.addEventListener('abort', abort, { once: true });
      try {
        return await slot.arrived.promise;
      } finally {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
      }
    },
    /** Closes whoever arrives too late. */
    close() {
      for (const slot of slots) {
        slot.taken = true;
        slot.arrived.promise.then(
          (channel) => channel.close(),
          () => {},
        );
        slot.arrived.reject(new Error('the operation has ended'));
      }
    },
  };
}

function equal(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
