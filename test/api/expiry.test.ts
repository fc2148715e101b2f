/** What has reached its age goes: looked at together, once each, and in the name of the daemon. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Lifecycle } from '../../src/api/resources/events.ts';
import { ageingFolders, createExpiry } from '../../src/core/instances/expiry.ts';
import { keys, type SnapshotDoc } from '../../src/core/model.ts';
import { createFakeClock } from '../contract/fake-clock.ts';
import { addImage, fromImage, type Life, live } from './house.ts';

const snapshots = '/1.0/instances/web/snapshots';
const minuteMs = 60_000;

async function ageing() {
  const clock = createFakeClock();
  const life = await live(undefined, { clock });
  await addImage(life, 'base');
  await life.must('POST', '/1.0/instances', fromImage('web'));
  const parts = new DisposableStack();
  const expiry = parts.use(createExpiry(life.house));
  for (const folder of ageingFolders) parts.use(life.house.documents.watch(folder, expiry.changed));
  const inMinutes = (minutes: number) => new Date(clock.now().getTime() + minutes * minuteMs).toISOString();
  const take = (name: string, minutes?: number) =>
    life.must('POST', snapshots, { name, ...(minutes === undefined ? {} : { expires_at: inMinutes(minutes) }) });
  return { life, clock, parts, inMinutes, take };
}

const names = async (life: Life) => (await life.get<string[]>(snapshots)).map((url) => url.split('/').at(-1));

/** What was removed, by whom, as the events tell it. */
const removed = (life: Life) =>
  life.events.flatMap(({ metadata }) => {
    const { action, source, requestor } = metadata as Lifecycle;
    return action === 'instance-snapshot-deleted' ? [[source.split('/').at(-1), requestor?.username]] : [];
  });

/** All that the queue of the guest holds has been done. */
async function settled(life: Life): Promise<void> {
  for (const { id } of life.house.documents.list<{ id: string }>('instances/'))
    await life.house.queue(id, async () => {});
}

const warnings = (life: Life) => life.events.filter(({ type }) => type === 'logging');

test('the daemon removes them, each in its time, not the caller whose change woke it', async () => {
  const { life, clock, parts, take } = await ageing();
  await using _ = life;
  using __ = parts;
  await take('first', 1);
  await take('second', 30);
  await take('kept');
  await clock.advance(500);
  assert.deepEqual(await names(life), ['first', 'second', 'kept']);
  await clock.advance(minuteMs);
  await settled(life);
  assert.deepEqual(await names(life), ['second', 'kept']);
  for (let quarter = 0; quarter < 2; quarter++) await clock.advance(15 * minuteMs);
  await settled(life);
  assert.deepEqual(await names(life), ['kept']);
  assert.deepEqual(removed(life), [
    ['first', 'gasthofd'],
    ['second', 'gasthofd'],
  ]);
});

test('a crowd that is due together is removed once each, also when more changes come meanwhile', async () => {
  const { life, clock, parts, take } = await ageing();
  await using _ = life;
  using __ = parts;
  const crowd = Array.from({ length: 20 }, (_, index) => `s${index}`);
  for (const name of crowd) await take(name, 1);
  const [web] = life.house.documents.list<{ id: string }>('instances/');
  const held = Promise.withResolvers<void>();
  const holding = life.house.queue(web?.id ?? '', () => held.promise);
  await clock.advance(2 * minuteMs);
  for (const key of ['x', 'y']) {
    await life.house.documents.put(keys.snapshot('other', key), { expiresAt: '' });
    await clock.advance(1000);
  }
  held.resolve();
  await holding;
  await settled(life);
  assert.deepEqual(
    removed(life)
      .map(([name]) => name)
      .sort(),
    crowd.sort(),
  );
  assert.deepEqual(warnings(life), []);
});

test('what got a longer life while it waited for its turn stays', async () => {
  const { life, clock, parts, take, inMinutes } = await ageing();
  await using _ = life;
  using __ = parts;
  await take('s0', 1);
  const [doc] = life.house.documents.list<SnapshotDoc>('snapshots/');
  assert.ok(doc);
  const held = Promise.withResolvers<void>();
  const holding = life.house.queue(doc.instance, () => held.promise);
  await clock.advance(2 * minuteMs);
  await life.house.documents.put(keys.snapshot(doc.instance, doc.id), { ...doc, expiresAt: inMinutes(60) });
  held.resolve();
  await holding;
  await settled(life);
  assert.deepEqual([await names(life), removed(life), warnings(life)], [['s0'], [], []]);
});
