/** Gives memory back when the house has become quiet after images went through it, or after many operations. */
import type { Event } from '../api/resources/events.ts';
import type { EventHub } from '../core/events/hub.ts';
import { giveBackMemory } from '../host/give-back-memory.ts';

/** Quiet for so long: no operation has changed. */
const quietMs = 2_000;

/** News of operations after which it is worth it; a launch has about a dozen. */
const manyEvents = 500;
const heavy = new Set(['image-created', 'image-deleted', 'image-retrieved']);

export function giveBackWhenQuiet(events: EventHub): Disposable {
  let timer: NodeJS.Timeout | undefined;
  let wanted = false;
  let count = 0;
  const subscription = events.subscribe((event: Event) => {
    if (event.type === 'lifecycle' && heavy.has((event.metadata as { action: string }).action)) wanted = true;
    count += 1;
    if (!wanted && count < manyEvents) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      wanted = false;
      count = 0;
      giveBackMemory();
    }, quietMs).unref();
  });
  return {
    [Symbol.dispose]() {
      clearTimeout(timer);
      subscription[Symbol.dispose]();
    },
  };
}
