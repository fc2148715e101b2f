/** Snapshots by the clock: due times, stopped guests, starts, names and expiry. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSnapshotSchedule } from '../../src/core/instances/snapshot-schedule.ts';
import { createFakeClock } from '../contract/fake-clock.ts';
import { addImage, fromImage, type Life, live } from './house.ts';

const hourMs = 3_600_000;

async function scheduled(config: Record<string, string>, start = true) {
  const clock = createFakeClock({ start: new Date(2026, 0, 1, 0, 30) });
  const life = await live(undefined, { clock });
  await addImage(life, 'base');
  await life.must('POST', '/1.0/instances', fromImage('web', { start, config }));
  const schedule = createSnapshotSchedule(life.house);
  schedule.look();
  const names = async () => {
    await life.house.operations.idle();
    return (await life.get<string[]>('/1.0/instances/web/snapshots')).map((url) => url.split('/').at(-1));
  };
  return { life, clock, schedule, names };
}

/** Time passes in pieces, as it does for a daemon that sleeps until the next one is due. */
async function pass(life: Life, clock: ReturnType<typeof createFakeClock>, hours: number): Promise<void> {
  for (let quarter = 0; quarter < hours * 4; quarter++) {
    await clock.advance(hourMs / 4);
    await life.house.operations.idle();
  }
}

test('hourly snapshots of a running guest, named by the pattern', async () => {
  const { life, clock, schedule, names } = await scheduled({
    'snapshots.schedule': '@hourly',
    'snapshots.pattern': 'auto%d',
  });
  await using _ = life;
  using __ = schedule;
  await pass(life, clock, 2);
  assert.deepEqual(await names(), ['auto0', 'auto1']);
  await life.must('PUT', '/1.0/instances/web/state', { action: 'stop', force: true });
  await pass(life, clock, 2);
  assert.deepEqual(await names(), ['auto0', 'auto1'], 'a stopped guest is left alone');
  assert.deepEqual(life.bugs, []);
});

test('stopped guests too, when asked for; a jump of the clock makes one snapshot', async () => {
  const { life, clock, schedule, names } = await scheduled(
    { 'snapshots.schedule': '@hourly', 'snapshots.schedule.stopped': 'true', 'snapshots.expiry': '1d' },
    false,
  );
  await using _ = life;
  using __ = schedule;
  await pass(life, clock, 1);
  assert.deepEqual(await names(), ['snap0']);
  const [snapshot] = await life.get<{ expires_at: string; created_at: string }[]>(
    '/1.0/instances/web/snapshots?recursion=1',
  );
  assert.equal(Date.parse(snapshot?.expires_at ?? '') - Date.parse(snapshot?.created_at ?? ''), 24 * hourMs);
});

test('nothing sleeps without a schedule; a profile can bring one', async () => {
  const { life, clock, schedule, names } = await scheduled({});
  await using _ = life;
  using __ = schedule;
  assert.equal(clock.sleeping, 0);
  await life.call('PATCH', '/1.0/profiles/default', { config: { 'snapshots.schedule': '15 * * * *' } });
  schedule.look();
  assert.equal(clock.sleeping, 1);
  await pass(life, clock, 1);
  assert.deepEqual(await names(), ['snap0']);
});

test('@startup takes one at each start', async () => {
  const { life, schedule, names } = await scheduled({ 'snapshots.schedule': '@startup' }, false);
  await using _ = life;
  using __ = schedule;
  await life.must('PUT', '/1.0/instances/web/state', { action: 'start' });
  assert.deepEqual(await names(), ['snap0']);
});

test('a schedule that is none is refused', async () => {
  const { life, schedule } = await scheduled({});
  await using _ = life;
  using __ = schedule;
  for (const bad of ['often', '* * *', '@sometimes'])
    assert.equal(
      (await life.call('PATCH', '/1.0/instances/web', { config: { 'snapshots.schedule': bad } })).status,
      400,
    );
});
