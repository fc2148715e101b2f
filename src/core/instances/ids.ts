/** Ranges of host ids: each guest has 65536 ids of its own, disjoint from all others (A05, B10). */
import { fail } from '../../api/errors.ts';
import type { House } from '../house.ts';
import type { IdRange } from '../ports/id-range.ts';
import { allInstances } from './find.ts';

export const rangeSize = 65536;

/** The caller holds the `allocate` queue until the base is committed. */
export function freeIdBase(house: Pick<House, 'documents' | 'facts'>): number {
  const { base, ranges, shared } = house.facts.idBlock;
  if (shared) return base;
  const taken = new Set(allInstances(house).map((doc) => doc.idBase));
  for (let index = 0; index < ranges; index++) {
    const candidate = base + index * rangeSize;
    if (!taken.has(candidate)) return candidate;
  }
  return fail('instance.limit', {
    reason: `all ${ranges} id ranges of this server are taken; delete an instance first`,
  });
}

export const rangeOf = (doc: { idBase: number }): IdRange => ({ base: doc.idBase, size: rangeSize });
