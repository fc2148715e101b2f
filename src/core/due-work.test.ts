import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeClock } from '../../test/contract/fake-clock.ts';
import { createDueWork, earliest } from './due-work.ts';
import { asCaller, presentCaller } from './events/caller.ts';

const minuteMs = 60_000;
const someone = { username: 'erika', protocol: 'unix', address: '@' };

function counted(nextMs: (nowMs: number) => number | undefined = () => undefined) {
  const clock = createFakeClock();
  const startMs = clock.now().getTime();
  const looks: number[] = [];
  const callers: unknown[] = [];
  const work = createDueWork(clock, (now) => {
    const atMs = now.getTime() - startMs;
    looks.push(atMs);
    callers.push(presentCaller());
    const next = nextMs(atMs);
    return next === undefined ? undefined : new Date(startMs + next);
  });
  return { clock, work, looks, callers };
}

test('a crowd of changes is looked at once, a moment after the first', async () => {
  const { clock, work, looks } = counted();
  using _ = work;
  for (let change = 0; change < 1000; change++) work.changed();
  assert.deepEqual([looks, clock.sleeping], [[], 1]);
  await clock.advance(300);
  work.changed();
  await clock.advance(200);
  assert.deepEqual(looks, [500]);
  await clock.advance(minuteMs);
  assert.deepEqual(looks, [500], 'nothing is polled');
  work.changed();
  await clock.advance(500);
  assert.deepEqual(looks, [500, minuteMs + 1000]);
});

test('looks again when the next is due, and after ten minutes at the latest', async () => {
  const { clock, work, looks } = counted((atMs) => (atMs < 25 * minuteMs ? 25 * minuteMs : undefined));
  using _ = work;
  work.look();
  for (let minute = 0; minute < 30; minute++) await clock.advance(minuteMs);
  assert.deepEqual(
    looks.map((atMs) => atMs / minuteMs),
    [0, 10, 20, 25],
  );
});

test('a look of its own takes the place of what was gathered', async () => {
  const { clock, work, looks } = counted();
  using _ = work;
  work.changed();
  await clock.advance(100);
  work.look();
  await clock.advance(minuteMs);
  assert.deepEqual(looks, [100]);
});

test('works as the daemon, whoever changed something', async () => {
  const { clock, work, callers } = counted((atMs) => (atMs < minuteMs ? minuteMs : undefined));
  using _ = work;
  asCaller(someone, () => work.changed());
  await clock.advance(500);
  asCaller(someone, () => work.look());
  await clock.advance(minuteMs);
  assert.deepEqual(callers, [undefined, undefined, undefined]);
});

test('nothing is looked at after the end', async () => {
  const { clock, work, looks } = counted(() => 1000);
  work.look();
  work.changed();
  work[Symbol.dispose]();
  work.changed();
  await clock.advance(minuteMs);
  assert.deepEqual([looks, clock.sleeping], [[0], 0]);
});

test('the earliest of very many times', () => {
  assert.equal(earliest([]), undefined);
  const times = Array.from({ length: 500_000 }, (_, index) => 1_000_000 - index);
  assert.deepEqual(earliest(times), new Date(500_001));
});
