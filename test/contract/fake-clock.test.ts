/** The fake clock keeps the promises of the clock port, and so does the real one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSystemClock } from '../../src/host/system-clock.ts';
import { createFakeClock } from './fake-clock.ts';

test('fake clock: ends sleeps in the order of their ends, and only when time has come', async () => {
  const clock = createFakeClock({ start: new Date('2026-03-01T00:00:00Z') });
  const log: string[] = [];
  const note = (name: string) => () => void log.push(`${name} ${clock.elapsedMs()}`);
  const sleeps = [clock.sleep(30).then(note('c')), clock.sleep(10).then(note('a')), clock.sleep(20).then(note('b'))];
  assert.equal(clock.sleeping, 3);
  await clock.advance(25);
  assert.deepEqual(log, ['a 10', 'b 20']);
  assert.equal(clock.now().toISOString(), '2026-03-01T00:00:00.025Z');
  await clock.advance(5);
  await Promise.all(sleeps);
  assert.equal(log.at(-1), 'c 30');
});

for (const [name, clock] of [
  ['fake', createFakeClock()],
  ['system', createSystemClock()],
] as const) {
  test(`${name} clock: a sleep rejects with the reason of its signal`, async () => {
    const controller = new AbortController();
    const sleep = clock.sleep(3_600_000, controller.signal);
    const reason = new Error('enough');
    controller.abort(reason);
    await assert.rejects(sleep, (error) => error === reason);
    await assert.rejects(clock.sleep(1, controller.signal), (error) => error === reason);
  });

  test(`${name} clock: ids and random bytes have their forms and do not repeat`, () => {
    assert.match(clock.uuid(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.notEqual(clock.uuid(), clock.uuid());
    assert.match(clock.randomHex(5), /^[0-9a-f]{10}$/);
    assert.notEqual(clock.randomHex(8), clock.randomHex(8));
  });
}
