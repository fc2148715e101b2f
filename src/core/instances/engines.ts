/** What concerns the guests of all engines together. Who has a document asks the engine of its type. */
import type { House } from '../house.ts';
import type { Observed } from '../ports/engine.ts';

type Needs = Pick<House, 'engines'>;

export async function observeGuests(house: Needs): Promise<Map<string, Observed>> {
  const observed = await Promise.all(Object.values(house.engines).map((engine) => engine.observe()));
  return new Map(observed.flat().map((guest) => [guest.id, guest]));
}

/** Of a guest whose document may be gone: to an engine that does not know it there is nothing to do. */
export async function removeGuest(house: Needs, id: string): Promise<void> {
  await Promise.all(Object.values(house.engines).map((engine) => engine.remove(id)));
}
