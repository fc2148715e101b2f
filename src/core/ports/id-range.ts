/** A block of host user and group ids that belongs to one guest: id n inside is `base + n` on the host, for 0 <= n < size. */
export type IdRange = { base: number; size: number };

/** The user whom every system knows. */
export const nobody = 65_534;

type Row = { inside: number; outside: number; count: number };

/**
 * The map of ids from a guest to its daemon. A range that is too small for nobody (of an ordinary user with few ids, whose
 * guests all have the same) comes with nobody all the same: the launcher keeps that id for it.
 */
export function mapOf({ base, size }: IdRange): Row[] {
  const rest = size <= nobody ? [{ inside: nobody, outside: base + nobody, count: 1 }] : [];
  return [{ inside: 0, outside: base, count: size }, ...rest];
}
