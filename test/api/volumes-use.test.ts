/** Custom volumes in use, over the API: by guests, as archives, over time, and through restarts of the daemon. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { StorageVolume } from '../../src/api/resources/volumes.ts';
import { createExpiry } from '../../src/core/instances/expiry.ts';
import { createVolumeSchedule } from '../../src/core/volumes/schedule.ts';
import { createFakeClock } from '../contract/fake-clock.ts';
import { addImage, createWorld, fromImage, live } from './house.ts';
import { disk, docOf, error, fileIn, make, one, read, second } from './volume-calls.ts';

test('a volume of a guest that runs is not restored, renamed or moved', async () => {
  await using life = await live();
  await addImage(life, 'base');
  await second(life);
  await make(life, 'v1');
  await life.must('POST', `${one}/v1/snapshots`, { name: 's0' });
  await life.must('POST', '/1.0/instances', fromImage('c1', { devices: { d: disk('v1') }, start: true }));
  await life.must('POST', `${one}/v1/snapshots`, { name: 's1' });
  const text = 'Volume is still in use by running instances';
  assert.deepEqual(await error(life, 'POST', `${one}/v1`, { name: 'v2' }), [400, text]);
  assert.deepEqual(await error(life, 'POST', `${one}/v1`, { name: 'v1', pool: 'second' }), [400, text]);
  assert.deepEqual(await error(life, 'PUT', `${one}/v1`, { restore: 's0' }), [
    400,
    'Cannot restore custom volume used by running instances',
  ]);
});

test('guests get the files of their volumes; what is not there or no tree of files is refused', async () => {
  await using life = await live();
  await addImage(life, 'base');
  await make(life, 'v1');
  mkdirSync(fileIn(life, 'v1', 'sub'));
  await make(life, 'raw', { config: { 'security.unmapped': 'true' } });
  await make(life, 'd1', { content_type: 'block', config: { size: '1MiB' } });
  const create = (devices: unknown) => life.run('POST', '/1.0/instances', fromImage('c1', { devices }));
  const refused = async (devices: unknown) => {
    const reply = await life.call('POST', '/1.0/instances', fromImage('c2', { devices }));
    assert.equal(reply.status, 400, reply.text);
    return reply.json().error as string;
  };
  assert.match(await refused({ d: disk('none') }), /there is no storage volume "none" in the pool default/);
  assert.match(await refused({ d: disk('d1') }), /only virtual machines/);
  assert.match(await refused({ d: disk('v1/../../x') }), /"\.\." in it/);
  assert.match(await refused({ d: { ...disk('v1'), pool: 'none' } }), /there is no storage pool "none"/);
  const devices = { a: disk('v1', '/mnt/a'), b: disk('v1/sub', '/mnt/b'), c: disk('raw', '/mnt/c') };
  assert.equal((await create(devices)).status, 'Success');
  await life.must('PUT', '/1.0/instances/c1/state', { action: 'start' });
  const [guest] = await life.world.engine.observe();
  const parts = await life.world.engine.parts(guest?.id ?? '');
  const mounts = parts.flatMap((part) => ('mount' in part ? [part.mount] : []));
  const root = fileIn(life, 'v1', '.');
  assert.deepEqual(
    mounts.map(({ source, path, shifted, inside }) => [source, path, shifted, inside]),
    [
      ['.', '/mnt/a', true, root],
      ['sub', '/mnt/b', true, root],
      ['.', '/mnt/c', false, fileIn(life, 'raw', '.')],
    ],
  );
});

test('an ISO image is imported as a volume that never changes', async () => {
  await using life = await live();
  const headers = { 'Content-Type': 'application/octet-stream', 'X-Incus-name': 'iso1', 'X-Incus-type': 'iso' };
  const operation = await life.must('POST', one, Buffer.from('iso bytes'), headers);
  assert.deepEqual(operation.resources, { storage_volumes: [`${one}/iso1`] });
  const shown = await life.get<StorageVolume>(`${one}/iso1`);
  assert.deepEqual([shown.content_type, shown.config.size], ['iso', '9']);
  assert.equal((await life.run('POST', `${one}/iso1/snapshots`, { name: 's' })).status, 'Failure');
  const again = await life.call('POST', one, Buffer.from('x'), headers);
  assert.equal(again.status, 409, again.text);
  const empty = await life.call('POST', one, Buffer.from(''), { ...headers, 'X-Incus-name': 'iso2' });
  assert.equal(empty.status, 400, empty.text);
  assert.equal((await life.house.pools.get('default')?.custom.list())?.length, 1);
});

test('files without a document are cleared when the daemon starts, all others stay', async () => {
  using world = createWorld();
  {
    await using life = await live(world);
    await second(life);
    await make(life, 'v1');
    writeFileSync(fileIn(life, 'v1', 'file'), 'x');
    await life.must('POST', `${one}/v1/snapshots`, { name: 's0' });
    const pool = life.house.pools.get('default');
    await pool?.custom.createEmpty('0123456789ab', { kind: 'filesystem' });
    await pool?.custom.snapshot(docOf(life, 'v1').id, 'aaaaaaaaaaaa');
    await life.house.pools.get('second')?.custom.createEmpty(docOf(life, 'v1').id, { kind: 'filesystem' });
  }
  await using life = await live(world);
  const { id } = docOf(life, 'v1');
  const pool = life.house.pools.get('default');
  assert.deepEqual(await pool?.custom.list(), [id]);
  assert.equal((await pool?.custom.snapshots(id))?.length, 1);
  assert.deepEqual(await life.house.pools.get('second')?.custom.list(), []);
  assert.equal(read(life, 'v1'), 'x');
});

test('pools show their directory, give defaults to volumes, and refuse what they cannot change', async () => {
  await using life = await live();
  const pool = await life.get<{ config: Record<string, string> }>('/1.0/storage-pools/default');
  assert.ok(pool.config.source?.startsWith('/'));
  const put = (config: unknown) => error(life, 'PUT', '/1.0/storage-pools/default', { config, description: '' });
  assert.deepEqual(await put({ ...pool.config, 'user.foo': 'bar', 'volume.size': '5GiB' }), [200, '']);
  assert.deepEqual(await put({ 'user.foo': 'bar', 'volume.size': '5GiB' }), [200, '']);
  assert.equal((await put({ source: '/elsewhere' }))[0], 400);
  assert.equal((await put({ 'volume.nosuch': '1' }))[0], 400);
  assert.equal((await put({ 'volume.size': 'many' }))[0], 400);
  await make(life, 'v1');
  assert.deepEqual((await life.get<StorageVolume>(`${one}/v1`)).config, { size: '5GiB' });
});

test('a volume is exported with its snapshots and imported again', async () => {
  await using life = await live();
  await make(life, 'v1', { config: { 'user.x': '1' }, description: 'd' });
  writeFileSync(fileIn(life, 'v1', 'file'), 'first');
  await life.must('POST', `${one}/v1/snapshots`, { name: 's0' });
  writeFileSync(fileIn(life, 'v1', 'file'), 'second');
  const made = await life.must('POST', `${one}/v1/backups`, { name: '', compression_algorithm: '' });
  assert.deepEqual(made.resources, {
    storage_volumes: [`${one}/v1`],
    backups: [`${one}/v1/backups/backup0`],
  });
  const [backup] = await life.get<Record<string, unknown>[]>(`${one}/v1/backups?recursion=1`);
  assert.deepEqual([backup?.name, backup?.volume_only], ['backup0', false]);
  const file = await life.call('GET', `${one}/v1/backups/backup0/export`);
  assert.equal(file.status, 200);
  const headers = { 'Content-Type': 'application/octet-stream' };
  assert.equal((await life.call('POST', one, file.bytes, headers)).status, 409);
  await life.must('POST', one, file.bytes, { ...headers, 'X-Incus-name': 'v2' });
  assert.equal(read(life, 'v2'), 'second');
  const copy = await life.get<StorageVolume>(`${one}/v2`);
  assert.deepEqual([copy.config, copy.description], [{ 'user.x': '1' }, 'd']);
  assert.deepEqual(await life.get(`${one}/v2/snapshots`), [`${one}/v2/snapshots/s0`]);
  assert.equal((await life.call('PUT', `${one}/v2`, { restore: 's0' })).status, 200);
  assert.equal(read(life, 'v2'), 'first');
  await life.must('POST', `${one}/v1/backups/backup0`, { name: 'other' });
  await life.must('DELETE', `${one}/v1/backups/other`);
  assert.deepEqual(await life.get(`${one}/v1/backups`), []);
  const broken = await life.call('POST', one, Buffer.from('no archive'), headers);
  assert.equal(broken.status, 400, broken.text);
  await life.must('POST', `${one}/v1/backups`, { volume_only: true });
  await life.call('DELETE', `${one}/v1`);
  assert.deepEqual(await life.house.backups.list(), []);
  assert.equal((await life.house.pools.get('default')?.custom.list())?.length, 1);
});

test('snapshots and backups of volumes go when they have reached their age', async () => {
  await using life = await live();
  await make(life, 'v1');
  using expiry = createExpiry(life.house);
  const soon = new Date(Date.now() + 300).toISOString();
  await life.must('POST', `${one}/v1/snapshots`, { name: 'old', expires_at: soon });
  await life.must('POST', `${one}/v1/snapshots`, { name: 'kept' });
  await life.must('POST', `${one}/v1/backups`, { expires_at: soon });
  expiry.look();
  const left = async () => [
    ...(await life.get<string[]>(`${one}/v1/snapshots`)),
    ...(await life.get<string[]>(`${one}/v1/backups`)),
  ];
  while ((await left()).length > 1) await new Promise(setImmediate);
  assert.deepEqual(await left(), [`${one}/v1/snapshots/kept`]);
});

test('snapshots are taken by the schedule of the volume, and named by its pattern', async () => {
  const clock = createFakeClock({ start: new Date(2026, 0, 1, 0, 30) });
  await using life = await live(undefined, { clock });
  using schedule = createVolumeSchedule(life.house);
  const wrong = await life.call('POST', one, { name: 'v0', config: { 'snapshots.schedule': 'sometimes' } });
  assert.equal(wrong.status, 400);
  await make(life, 'v1', { config: { 'snapshots.schedule': '@hourly', 'snapshots.pattern': 'auto%d' } });
  await make(life, 'v2');
  schedule.look();
  for (let quarter = 0; quarter < 8; quarter++) {
    await clock.advance(900_000);
    await life.house.operations.idle();
  }
  const names = (await life.get<string[]>(`${one}/v1/snapshots`)).map((url) => url.split('/').at(-1));
  assert.deepEqual(names, ['auto0', 'auto1']);
  assert.deepEqual(await life.get(`${one}/v2/snapshots`), []);
});
