/** Copies with snapshots, refreshed copies, and moves to other pools: the whole API in memory. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Event } from '../../src/api/resources/events.ts';
import type { Instance, InstanceSnapshot } from '../../src/api/resources/instances.ts';
import { allInstances } from '../../src/core/instances/find.ts';
import { addImage, everyDocument, fromImage, type Life, live } from './house.ts';

async function withGuest(): Promise<Life> {
  const life = await live();
  await addImage(life, 'base');
  await life.call('POST', '/1.0/storage-pools', { name: 'second', driver: 'memory', config: {} });
  await life.must('POST', '/1.0/instances', fromImage('web', { config: { 'user.k': 'v' } }));
  return life;
}

const docOf = (life: Life, name: string) => allInstances(life.house).find((doc) => doc.name === name);

/** Looks at the root file system (or a snapshot) of an instance. */
async function inside<T>(life: Life, name: string, look: (root: string) => T, snapshot?: string): Promise<T> {
  const doc = docOf(life, name);
  assert.ok(doc, name);
  const volumes = life.house.pools.get(doc.pool)?.volumes;
  assert.ok(volumes);
  const names = life.house.documents.list<{ id: string; name: string }>(`snapshots/${doc.id}/`);
  const id = names.find((known) => known.name === snapshot)?.id;
  const target = join(life.world.mountDirectory, 'look');
  await volumes.mount(doc.id, target, id ? { snapshot: id } : {});
  try {
    return look(target);
  } finally {
    await volumes.unmount(target);
  }
}
const write = (life: Life, name: string, text: string) =>
  inside(life, name, (root) => writeFileSync(join(root, 'file'), text));
const read = (life: Life, name: string, snapshot?: string) =>
  inside(life, name, (root) => readFileSync(join(root, 'file'), 'utf8'), snapshot);

async function snapshot(life: Life, name: string, text: string, snap: string): Promise<void> {
  await write(life, name, text);
  await life.must('POST', `/1.0/instances/${name}/snapshots`, { name: snap });
}
const snapshots = async (life: Life, name: string) =>
  (await life.get<InstanceSnapshot[]>(`/1.0/instances/${name}/snapshots?recursion=1`)).map((shown) => shown.name);

const copy = (
  name: string,
  source: string,
  rest: Record<string, unknown> = {},
  more: Record<string, unknown> = {},
) => ({
  name,
  source: { type: 'copy', source, ...rest },
  ...more,
});

test('a copy has all snapshots of its source, in their order and with their times', async () => {
  await using life = await withGuest();
  await snapshot(life, 'web', 'one', 's0');
  await snapshot(life, 'web', 'two', 's1');
  await write(life, 'web', 'now');
  const operation = await life.must('POST', '/1.0/instances', copy('twin', 'web'));
  assert.deepEqual(operation.resources, { instances: ['/1.0/instances/twin', '/1.0/instances/web'] });
  assert.deepEqual(await snapshots(life, 'twin'), ['s0', 's1']);
  assert.deepEqual(
    [await read(life, 'twin'), await read(life, 'twin', 's0'), await read(life, 'twin', 's1')],
    ['now', 'one', 'two'],
  );
  const times = async (name: string) =>
    (await life.get<InstanceSnapshot[]>(`/1.0/instances/${name}/snapshots?recursion=1`)).map((s) => s.created_at);
  assert.deepEqual(await times('twin'), await times('web'));
  await life.must('DELETE', '/1.0/instances/web');
  await life.must('PUT', '/1.0/instances/twin', { restore: 'twin/s0' });
  assert.equal(await read(life, 'twin'), 'one');
});

test('with instance_only a copy has none, and of a snapshot neither', async () => {
  await using life = await withGuest();
  await snapshot(life, 'web', 'one', 's0');
  await write(life, 'web', 'now');
  await life.must('POST', '/1.0/instances', copy('alone', 'web', { instance_only: true }));
  await life.must('POST', '/1.0/instances', copy('old', 'web', { container_only: true }));
  const operation = await life.must('POST', '/1.0/instances', copy('then', 'web/s0'));
  assert.deepEqual(operation.resources, { instances: ['/1.0/instances/then', '/1.0/instances/web%2Fs0'] });
  for (const name of ['alone', 'old', 'then']) assert.deepEqual(await snapshots(life, name), []);
  assert.equal(await read(life, 'then'), 'one');
});

test('a copy has its own addresses and ids, and keeps what it is made of', async () => {
  await using life = await withGuest();
  await life.must('POST', '/1.0/instances', copy('twin', 'web', {}, { config: { 'user.more': '1' } }));
  const [web, twin] = await Promise.all(['web', 'twin'].map((name) => life.get<Instance>(`/1.0/instances/${name}`)));
  assert.equal(twin?.config['user.k'], 'v');
  assert.equal(twin?.config['user.more'], '1');
  assert.equal(twin?.config['volatile.base_image'], web?.config['volatile.base_image']);
  assert.equal(twin?.config['volatile.apply_template'], 'copy');
  for (const key of ['volatile.uuid', 'volatile.eth0.hwaddr', 'volatile.cloud-init.instance-id'])
    assert.notEqual(twin?.config[key], web?.config[key], key);
});

test('a running guest is copied while it stands still; with allow_inconsistent it runs on', async () => {
  await using life = await withGuest();
  await life.must('PUT', '/1.0/instances/web/state', { action: 'start' });
  await life.must('POST', '/1.0/instances', copy('twin', 'web', { live: true }));
  await life.must('POST', '/1.0/instances', copy('loose', 'web', { allow_inconsistent: true }));
  assert.equal((await life.get<Instance>('/1.0/instances/web')).status, 'Running');
  assert.equal((await life.get<Instance>('/1.0/instances/twin')).status, 'Stopped');
});

test('a copy goes to another pool, with snapshots that can be restored there', async () => {
  await using life = await withGuest();
  await snapshot(life, 'web', 'one', 's0');
  await write(life, 'web', 'now');
  const devices = { root: { type: 'disk', path: '/', pool: 'second' } };
  await life.must('POST', '/1.0/instances', copy('twin', 'web', {}, { devices }));
  assert.equal(docOf(life, 'twin')?.pool, 'second');
  assert.deepEqual([await read(life, 'twin'), await read(life, 'twin', 's0')], ['now', 'one']);
  await life.must('PUT', '/1.0/instances/twin', { restore: 's0' });
  assert.equal(await read(life, 'twin'), 'one');
  assert.equal((await life.get<Instance>('/1.0/instances/twin')).expanded_devices.root?.pool, 'second');
  await life.must('PUT', '/1.0/instances/twin', { ...(await life.get('/1.0/instances/twin')) });
});

test('a refresh takes over the root file system and missing snapshots, and removes those that are gone', async () => {
  await using life = await withGuest();
  await snapshot(life, 'web', 'one', 's0');
  await life.must('POST', '/1.0/instances', copy('twin', 'web'));
  await life.must('DELETE', '/1.0/instances/web/snapshots/s0');
  await snapshot(life, 'web', 'two', 's1');
  await snapshot(life, 'twin', 'own', 'mine');
  await write(life, 'web', 'new');
  const before = docOf(life, 'twin');
  const operation = await life.must('POST', '/1.0/instances', copy('twin', 'web', { refresh: true }));
  assert.deepEqual(operation.resources, { instances: ['/1.0/instances/twin', '/1.0/instances/web'] });
  assert.deepEqual(await snapshots(life, 'twin'), ['s1']);
  assert.deepEqual([await read(life, 'twin'), await read(life, 'twin', 's1')], ['new', 'two']);
  assert.equal(docOf(life, 'twin')?.id, before?.id);
  assert.equal(docOf(life, 'twin')?.config['volatile.uuid'], before?.config['volatile.uuid']);
  const volumes = await life.house.pools.get('default')?.volumes.list();
  assert.equal(volumes?.length, 2, 'nothing is left beside the two volumes');
});

test('refresh_exclude_older leaves out what is older than the newest snapshot, instance_only all of them', async () => {
  await using life = await withGuest();
  await snapshot(life, 'web', 'one', 's0');
  await snapshot(life, 'web', 'two', 's1');
  await life.must('POST', '/1.0/instances', copy('twin', 'web'));
  await life.must('DELETE', '/1.0/instances/twin/snapshots/s0');
  await snapshot(life, 'web', 'three', 's2');
  await life.must('POST', '/1.0/instances', copy('twin', 'web', { refresh: true, instance_only: true }));
  assert.deepEqual(await snapshots(life, 'twin'), ['s1']);
  await life.must('POST', '/1.0/instances', copy('twin', 'web', { refresh: true, refresh_exclude_older: true }));
  assert.deepEqual(await snapshots(life, 'twin'), ['s1', 's2']);
  await life.must('POST', '/1.0/instances', copy('twin', 'web', { refresh: true }));
  assert.deepEqual(await snapshots(life, 'twin'), ['s0', 's1', 's2']);
});

test('refreshes are refused for a running target, from itself and from nobody; without a target they copy', async () => {
  await using life = await withGuest();
  await life.must('POST', '/1.0/instances', copy('twin', 'web', { refresh: true }));
  await life.must('PUT', '/1.0/instances/twin/state', { action: 'start' });
  const running = await life.call('POST', '/1.0/instances', copy('twin', 'web', { refresh: true }));
  assert.deepEqual([running.status, running.json().error], [400, 'Cannot refresh a running instance']);
  const itself = await life.run('POST', '/1.0/instances', copy('web', 'web', { refresh: true }));
  assert.match(itself.err, /cannot be refreshed from itself/);
  const nobody = await life.call('POST', '/1.0/instances', copy('web', 'nobody', { refresh: true }));
  assert.equal(nobody.status, 404);
  await Promise.all([
    life.must('PUT', '/1.0/instances/twin/state', { action: 'stop', force: true }),
    life.must('POST', '/1.0/instances', copy('other', 'web')),
  ]);
  await Promise.all([
    life.must('POST', '/1.0/instances', copy('twin', 'other', { refresh: true })),
    life.must('POST', '/1.0/instances', copy('other', 'twin', { refresh: true })),
  ]);
});

test('a copy that fails leaves no document and no volume', async () => {
  await using life = await withGuest();
  await snapshot(life, 'web', 'one', 's0');
  const before = await everyDocument(life.world);
  const pool = life.house.pools.get('default');
  assert.ok(pool);
  const full = { ...pool, volumes: { ...pool.volumes, copy: () => Promise.reject(new Error('disk full')) } };
  life.house.pools.set('default', full);
  const ended = await life.run('POST', '/1.0/instances', copy('twin', 'web'));
  assert.equal(ended.status, 'Failure');
  life.house.pools.set('default', pool);
  assert.deepEqual(await everyDocument(life.world), before);
  await pool.sweep();
  assert.equal((await pool.volumes.list()).length, 1);
});

const move = (rest: Record<string, unknown>) => ({ migration: true, live: true, target: null, name: 'web', ...rest });

test('a stopped instance moves to another pool with its snapshots, and back', async () => {
  await using life = await withGuest();
  await snapshot(life, 'web', 'one', 's0');
  await write(life, 'web', 'now');
  const mac = docOf(life, 'web')?.config['volatile.eth0.hwaddr'];
  for (const pool of ['second', 'default']) {
    const operation = await life.must('POST', '/1.0/instances/web', move({ pool }));
    assert.equal(operation.description, 'Migrating instance');
    assert.equal(docOf(life, 'web')?.pool, pool);
    assert.equal((await life.get<Instance>('/1.0/instances/web')).expanded_devices.root?.pool, pool);
    assert.deepEqual([await read(life, 'web'), await read(life, 'web', 's0')], ['now', 'one']);
    const other = life.house.pools.get(pool === 'second' ? 'default' : 'second');
    assert.deepEqual(await other?.volumes.list(), []);
  }
  assert.equal(docOf(life, 'web')?.config['volatile.eth0.hwaddr'], mac);
  await life.must('PUT', '/1.0/instances/web', { restore: 's0' });
  await life.must('PUT', '/1.0/instances/web/state', { action: 'start' });
});

test('a move renames, changes config and leaves snapshots behind when told so', async () => {
  await using life = await withGuest();
  await snapshot(life, 'web', 'one', 's0');
  const rest = { name: 'www', pool: 'second', instance_only: true, Config: { 'user.a': 'b' }, Profiles: ['default'] };
  await life.must('POST', '/1.0/instances/web', move(rest));
  const shown = await life.get<Instance>('/1.0/instances/www');
  assert.deepEqual([shown.config['user.a'], shown.config['user.k']], ['b', 'v']);
  assert.deepEqual(await snapshots(life, 'www'), []);
  assert.equal((await life.call('GET', '/1.0/instances/web')).status, 404);
  const actions = life.events.flatMap((event: Event) =>
    event.type === 'lifecycle' ? [(event.metadata as { action: string }).action] : [],
  );
  assert.ok(actions.includes('instance-renamed') && actions.includes('instance-migrated'));
});

test('moves are refused while it runs, to no pool, onto a taken name', async () => {
  await using life = await withGuest();
  await life.must('POST', '/1.0/instances', copy('twin', 'web'));
  const before = await everyDocument(life.world);
  const nowhere = await life.run('POST', '/1.0/instances/web', move({ pool: 'nowhere' }));
  assert.equal(nowhere.status_code, 400);
  assert.match(nowhere.err, /pool/i);
  const taken = await life.run('POST', '/1.0/instances/web', move({ name: 'twin', pool: 'second' }));
  assert.match(taken.err, /already exists/);
  assert.deepEqual(await everyDocument(life.world), before);
  await life.must('PUT', '/1.0/instances/web/state', { action: 'start' });
  const running = await life.call('POST', '/1.0/instances/web', move({ pool: 'second' }));
  assert.match(running.json().error, /must be stopped to be moved across storage pools/);
});
