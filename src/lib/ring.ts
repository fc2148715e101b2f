/** The last items of an endless sequence: old ones are forgotten, numbers are never used twice. */
export type Ring<T> = {
  /** Returns the number of the item; the first one is 1. */
  push(item: T): number;
  /** What came after `sequence`, oldest first. `lost` tells how many of them were forgotten already. */
  since(sequence: number): { items: { sequence: number; item: T }[]; lost: number };
  /** The number of the newest item, 0 when there never was one. */
  readonly last: number;
};

export function createRing<T>(capacity: number): Ring<T> {
  if (!Number.isSafeInteger(capacity) || capacity < 1) throw new RangeError(`not a capacity: ${capacity}`);
  const slots: T[] = [];
  let last = 0;
  return {
    push(item) {
      slots[last % capacity] = item;
      last += 1;
      return last;
    },
    since(sequence) {
      const first = Math.max(sequence, 0) + 1;
      const kept = Math.max(first, last - slots.length + 1);
      const items: { sequence: number; item: T }[] = [];
      for (let number = kept; number <= last; number++)
        items.push({ sequence: number, item: slots[(number - 1) % capacity] as T });
      return { items, lost: Math.min(kept - first, Math.max(last - first + 1, 0)) };
    },
    get last() {
      return last;
    },
  };
}
