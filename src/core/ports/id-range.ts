/** A block of host user and group ids that belongs to one guest: id n inside is `base + n` on the host, for 0 <= n < size. */
export type IdRange = { base: number; size: number };
