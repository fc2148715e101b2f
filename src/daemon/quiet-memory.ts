/** Gives memory back when the house has become quiet after images went through it. */
import type { Event } from '../api/resources/events.ts';
import type { EventHub } from '../core/events/hub.ts';
import { giveBackMemory } from '../host/give-back-memory.ts';

/** Quiet for so long: no operation has changed. */
const quietMs = 2_000;

const heavy = new Set(['image-created', 'image-deleted', 'image-retrieved']);

export function giveBackWhenQuiet(events: EventHub): Disposable {
  let timer: NodeJS.Timeout | undefined;
  let wanted = false;
  const subscription = events.subscribe((event: Event) => {
    if (event.type === 'lifecycle' && heavy.has((event.metadata as { action: string }).action)) wanted = true;
    if (!wanted) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      wanted = false;
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
