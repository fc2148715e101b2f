/** What engines tell of guests on their own, and what follows from it. */
import type { House } from '../house.ts';
import type { EngineEvent } from '../ports/engine.ts';
import { type EndedNeeds, guestEnded, guestOutOfMemory } from './ended.ts';
import { guestStalled } from './stalled.ts';

type Needs = EndedNeeds & Pick<House, 'events' | 'warnings'>;

export async function guestEvent(house: Needs, event: EngineEvent): Promise<void> {
  if (event.type === 'oom') return guestOutOfMemory(house, event.id);
  if (event.type === 'stalled') return guestStalled(house, event.id, event.reason);
  await guestEnded(house, event.id, event.cause);
}
