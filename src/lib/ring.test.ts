import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRing } from './ring.ts';

test('ring: replays what came after a number', () => {
  const ring = createRing<string>(3);
  assert.deepEqual(ring.since(0), { items: [], lost: 0 });
  assert.equal(ring.last, 0);
  assert.deepEqual([ring.push('a'), ring.push('b')], [1, 2]);
  assert.deepEqual(ring.since(0).items, [
    { sequence: 1, item: 'a' },
    { sequence: 2, item: 'b' },
  ]);
  assert.deepEqual(ring.since(1).items, [{ sequence: 2, item: 'b' }]);
  assert.deepEqual(ring.since(2), { items: [], lost: 0 });
  assert.deepEqual(ring.since(99), { items: [], lost: 0 });
});

test('ring: forgets the oldest, and says how many were lost', () => {
  const ring = createRing<number>(3);
  for (let item = 1; item <= 10; item++) assert.equal(ring.push(item), item);
  assert.deepEqual(
    ring.since(-5).items.map(({ item }) => item),
    [8, 9, 10],
  );
  assert.equal(ring.since(0).lost, 7);
  assert.equal(ring.since(6).lost, 1);
  assert.equal(ring.since(7).lost, 0);
  assert.deepEqual(ring.since(9).items, [{ sequence: 10, item: 10 }]);
});

test('ring: of one, and of nonsense', () => {
  const ring = createRing<number>(1);
  ring.push(1);
  ring.push(2);
  assert.deepEqual(ring.since(0), { items: [{ sequence: 2, item: 2 }], lost: 1 });
  for (const capacity of [0, -1, 1.5, Number.NaN]) assert.throws(() => createRing(capacity), RangeError);
});
