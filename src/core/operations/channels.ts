/** The desk where websockets of one operation arrive: the client shows a secret, the work asks by name. */
import { timingSafeEqual } from 'node:crypto';
import { ApiError, fail } from '../../api/errors.ts';
import type { Channel } from '../../api/handlers.ts';

/** How long the work waits for the client to connect. */
const arrivalMs = 10_000;

export function createChannelDesk(names: readonly string[], secret: () => string) {
  const slots = names.map((name) => ({
    name,
    secret: secret(),
    taken: false,
    /** Nobody waits for it any more. */
    over: false,
    arrived: Promise.withResolvers<Channel>(),
    /** Takes each connection, where there may be several. */
    each: undefined as ((channel: Channel) => void) | undefined,
  }));
  for (const slot of slots) slot.arrived.promise.catch(() => {});
  const find = (given: string) => slots.find((slot) => equalSecrets(slot.secret, given));
  return {
    secrets: Object.fromEntries(slots.map((slot) => [slot.name, slot.secret])),
    knows: (given: string) => find(given) !== undefined,
    /** Undefined for a wrong or used secret. */
    connect(given: string): ((channel: Channel) => void) | undefined {
      const slot = find(given);
      if (!slot || slot.taken || slot.over) return undefined;
      const { each } = slot;
      if (each) return (channel) => (slot.over ? channel.close() : each(channel));
      slot.taken = true;
      return (channel) => (slot.over ? channel.close() : slot.arrived.resolve(channel));
    },
    /** From now on each connection with this secret is handed to `listener`. */
    each(name: string, listener: (channel: Channel) => void): void {
      const slot = slots.find((candidate) => candidate.name === name);
      if (slot) slot.each = listener;
    },
    async take(name: string, signal: AbortSignal, withinMs = arrivalMs): Promise<Channel> {
      const slot = slots.find((candidate) => candidate.name === name);
      if (!slot) return fail('operation.not-found');
      const give = (error: unknown) => {
        slot.arrived.reject(error);
        slot.over = true;
      };
      const abort = () => give(signal.reason);
      const late = () => give(new ApiError('operation.no-client', { name, seconds: withinMs / 1000 }));
      const timer = setTimeout(late, withinMs);
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
        slot.over = true;
        slot.arrived.promise.then(
          (channel) => channel.close(),
          () => {},
        );
        slot.arrived.reject(new Error('the operation has ended'));
      }
    },
  };
}

/** Takes as long for a wrong secret as for a right one. */
export function equalSecrets(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
