/** Ranges of host ids: root's guests have 65536 ids of their own each; those of an ordinary user share them unless isolated (A05, B10). */

import { isTrue } from '../../api/config-keys/key.ts';
import { fail } from '../../api/errors.ts';
import type { House } from '../house.ts';
import type { ConfigMap } from '../model.ts';
import { type IdRange, mapOf } from '../ports/id-range.ts';
import { allInstances } from './find.ts';

export const rangeSize = 65536;

type Needs = Pick<House, 'documents' | 'facts'>;

/** For a new instance. The caller holds the `allocate` queue until the base is committed. */
export function newIdBase(house: Needs): number {
  const { base, shared } = house.facts.idBlock;
  return shared ? base : freeIdBase(house);
}

/**
 * For one that is to be started, with the config that holds for it: where guests share a range, one that is to be isolated
 * gets another. Nothing on disk depends on it.
 */
export function nextIdBase(house: Needs, doc: { idBase: number }, config: ConfigMap): number {
  const { base, shared } = house.facts.idBlock;
  if (!shared) return doc.idBase;
  if (!isTrue(config['security.idmap.isolated'])) return base;
  return doc.idBase === base ? freeIdBase(house) : doc.idBase;
}

function freeIdBase(house: Needs): number {
  const { base, ranges, shared } = house.facts.idBlock;
  const taken = new Set(allInstances(house).map((doc) => doc.idBase));
  for (let index = shared ? 1 : 0; index < ranges; index++) {
    const candidate = base + index * rangeSize;
    if (!taken.has(candidate)) return candidate;
  }
  return fail('instance.limit', {
    reason: shared
      ? `this user has no further range of ${rangeSize} ids for an isolated guest (there are ${ranges}); the administrator grants more in /etc/subuid and /etc/subgid`
      : `all ${ranges} id ranges of this server are taken; delete an instance first`,
  });
}

export const rangeOf = ({ facts }: Pick<House, 'facts'>, doc: { idBase: number }): IdRange => ({
  base: doc.idBase,
  size: facts.idBlock.size,
});

/** Ids of the guest (`inside`) and what they are on the host (`outside`). */
export function hostMapOf({ facts }: Pick<House, 'facts'>, doc: { idBase: number }) {
  const { outside = [{ inside: 0, outside: 0, count: 2 ** 32 }] } = facts.idBlock;
  return mapOf(rangeOf({ facts }, doc)).flatMap((row) =>
    outside.flatMap((there) => {
      const first = Math.max(row.outside, there.inside);
      const count = Math.min(row.outside + row.count, there.inside + there.count) - first;
      if (count <= 0) return [];
      return [{ inside: row.inside + first - row.outside, outside: there.outside + first - there.inside, count }];
    }),
  );
}
