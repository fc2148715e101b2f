/** Random numbers that can be repeated: the seed is printed by the tests and can be given as GASTHOF_FUZZ_SEED. */
export const seed = Number(process.env.GASTHOF_FUZZ_SEED ?? 20_261_122);

export type Random = {
  /** A whole number below `limit`. */
  below(limit: number): number;
  pick<T>(items: readonly T[]): T;
  /** True once in `times`. */
  once(times: number): boolean;
  bytes(count: number): Buffer;
};

/** mulberry32 */
export function createRandom(start: number): Random {
  let state = start;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    below,
    pick: <T>(items: readonly T[]): T => items[below(items.length)] as T,
    once: (times) => below(times) === 0,
    bytes: (count) => Buffer.from(Array.from({ length: count }, () => below(256))),
  };
}

/** The same bytes with some of them changed, taken away, doubled or cut off. */
export function mutatedBytes(random: Random, original: Buffer): Buffer {
  let bytes = Buffer.from(original);
  for (let times = 1 + random.below(4); times > 0; times--) {
    const at = random.below(bytes.length + 1);
    const end = Math.min(bytes.length, at + 1 + random.below(8));
    const kind = random.below(6);
    if (kind === 0) bytes = bytes.subarray(0, at);
    else if (kind === 1)
      bytes = Buffer.concat([bytes.subarray(0, at), random.bytes(1 + random.below(8)), bytes.subarray(at)]);
    else if (kind === 2) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
    else if (kind === 3) bytes = Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
    else if (at < bytes.length)
      bytes[at] = random.pick([0, 1, 0x7f, 0x80, 0xff, (bytes[at] ?? 0) ^ (1 << random.below(8))]);
  }
  return bytes;
}
