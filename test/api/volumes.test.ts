/** Custom volumes over the API, in one process. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { StorageVolume, StorageVolumeSnapshot } from '../../src/api/resources/volumes.ts';
import { createExpiry } from '../../src/core/instances/expiry.ts';
import type { VolumeDoc } from '../../src/core/model.ts';
import { addImage, createWorld, fromImage, type Life, live } from './house.ts';

const base = '/1.0/storage-pools/default/volumes';
const one = `${base}/custom`;

async function make(life: Life, name: string, body: Record<string, unknown> = {}, pool = 'default'): Promise<void> {
  const reply = await life.call('POST', `/1.0/storage-pools/${pool}/volumes/custom`, {
    name,
    type: 'custom',
    config: null,
    ...body,
  });
  assert.equal(reply.status, 200, reply.text);
  assert.deepEqual(reply.json().metadata, {});
}

function docOf(life: Life, name: string): VolumeDoc {
  const found = life.house.documents.list<VolumeDoc>('volumes/').find((doc) => doc.name === name);
  assert.ok(found, name);
  return found;
}
/** Path of a file in the volume as it lies in the pool. */
function fileIn(life: Life, name: string, file: string): string {
  const doc = docOf(life, name);
  const pool = life.house.pools.get(doc.pool);
  assert.ok(pool);
  return join(pool.custom.path({ id: doc.id }, 'filesystem'), file);
}
const read = (life: Life, name: string) => readFileSync(fileIn(life, name, 'file'), 'utf8');
const error = async (life: Life, method: string, url: string, body?: unknown) => {
  const reply = await life.call(method, url, body);
  return [reply.status, reply.json().error];
};
const second = (life: Life) => life.call('POST', '/1.0/storage-pools', { name: 'second', driver: 'memory' });
const disk = (source: string, path = '/mnt/v') => ({ type: 'disk', pool: 'default', source, path });

test('a volume is made, shown, listed, changed and deleted', async () => {
  await using life = await live();
  await make(life, 'v1', { config: { size: '10MiB' }, description: 'd', content_type: 'filesystem' });
  const shown = await life.get<StorageVolume>(`${one}/v1`);
  assert.deepEqual(
    { ...shown, created_at: '' },
    {
      config: { size: '10MiB' },
      description: 'd',
      name: 'v1',
      type: 'custom',
      used_by: [],
      location: 'none',
      content_type: 'filesystem',
      project: 'default',
      created_at: '',
    },
  );
  assert.deepEqual(await life.get(one), [`${one}/v1`]);
  assert.deepEqual(await life.get(`${base}?recursion=1&filter=`), [shown]);
  assert.deepEqual(await life.get(`${base}?recursion=1&filter=${encodeURIComponent('name eq nosuch')}`), []);
  const { headers } = await life.call('GET', `${one}/v1`);
  const put = (etag: string) =>
    life.call('PUT', `${one}/v1`, { config: { size: '10MiB', 'user.x': '1' }, description: '' }, { 'If-Match': etag });
  assert.equal((await put(String(headers.etag))).status, 200);
  assert.equal((await put(String(headers.etag))).status, 412);
  assert.equal((await life.call('PATCH', `${one}/v1`, { config: { 'user.y': 2 } })).status, 200);
  const { config } = await life.get<StorageVolume>(`${one}/v1`);
  assert.deepEqual(config, { size: '10MiB', 'user.x': '1', 'user.y': '2' });
  assert.equal((await life.get<{ usage: { used: number } }>(`${one}/v1/state`)).usage.used >= 0, true);
  assert.deepEqual((await life.call('DELETE', `${one}/v1`)).json().metadata, {});
  assert.deepEqual(await error(life, 'GET', `${one}/v1`), [404, 'Storage volume not found']);
  assert.deepEqual(life.bugs, []);
});

test('what is wrong with a volume is refused and leaves nothing behind', async () => {
  await using life = await live();
  await make(life, 'v1');
  const post = async (body: unknown): Promise<[number, string]> => {
    const [status, text] = await error(life, 'POST', one, body);
    return [Number(status), String(text)];
  };
  assert.deepEqual(await post({ name: 'v1' }), [409, 'Volume by that name already exists']);
  for (const [body, text] of [
    [{ name: 'a/b' }, /Cannot contain/],
    [{ name: '..' }, /Cannot be/],
    [{}, /Cannot be empty/],
    [{ name: 'v2', config: { nosuch: '1' } }, /Invalid option for volume "v2" option "nosuch"/],
    [{ name: 'v2', config: { size: 'many' } }, /"size": "many" is not a size/],
    [{ name: 'v2', config: { 'security.shifted': true, 'security.unmapped': true } }, /mutually exclusive/],
    [{ name: 'v2', config: { 'initial.mode': '9' } }, /octal/],
    [{ name: 'v2', content_type: 'iso' }, /importing an ISO image/],
    [{ name: 'v2', content_type: 'tape' }, /Invalid content type "tape"/],
    [{ name: 'v2', source: { type: 'copy', name: 'v1/../v1' } }, /is not the name of a volume/],
    [{ name: 'v2', source: { type: 'magic' } }, /unknown source type/],
  ] as const) {
    const [status, message] = await post(body);
    assert.equal(status, 400, JSON.stringify(body));
    assert.match(message, text);
  }
  assert.deepEqual(await post({ name: 'v2', source: { type: 'copy', name: 'none' } }), [
    404,
    'Storage volume not found',
  ]);
  assert.deepEqual(await error(life, 'POST', `${base}/container`, { name: 'x' }), [
    400,
    'Invalid storage volume type "container"',
  ]);
  assert.deepEqual(await error(life, 'GET', '/1.0/storage-pools/none/volumes'), [404, 'Storage pool not found']);
  assert.deepEqual(await life.house.pools.get('default')?.custom.list(), [docOf(life, 'v1').id]);
});

test('volumes of guests, their snapshots and images are listed beside custom ones', async () => {
  await using life = await live();
  const fingerprint = await addImage(life, 'base');
  await life.must('POST', '/1.0/instances', fromImage('c1'));
  await life.must('POST', '/1.0/instances/c1/snapshots', { name: 's0' });
  await make(life, 'v1');
  await life.must('POST', `${one}/v1/snapshots`, { name: 'snap0' });
  const listed = await life.get<StorageVolume[]>(`${base}?recursion=1`);
  assert.deepEqual(
    listed.map(({ type, name, used_by }) => [type, name, used_by]),
    [
      ['container', 'c1', ['/1.0/instances/c1']],
      ['container', 'c1/s0', []],
      ['image', fingerprint, [`/1.0/images/${fingerprint}`]],
      ['custom', 'v1', []],
      ['custom', 'v1/snap0', []],
    ],
  );
  assert.deepEqual(await life.get(`${base}/container`), [`${base}/container/c1`, `${base}/container/c1/snapshots/s0`]);
  assert.equal((await life.get<StorageVolume>(`${base}/container/c1`)).name, 'c1');
  assert.ok((await life.get<{ usage: { used: number } }>(`${base}/container/c1/state`)).usage.used > 0);
  assert.equal((await life.call('DELETE', `${base}/container/c1`)).status, 400);
});

test('disks are sparse files that grow and never shrink', async () => {
  await using life = await live();
  await make(life, 'd1', { content_type: 'block', config: { size: '64MiB' } });
  const { id } = docOf(life, 'd1');
  const path = life.house.pools.get('default')?.custom.path({ id }, 'block') ?? '';
  assert.equal(statSync(path).size, 64 * 2 ** 20);
  assert.equal((await life.call('PATCH', `${one}/d1`, { config: { size: '128MiB' } })).status, 200);
  assert.equal(statSync(path).size, 128 * 2 ** 20);
  assert.deepEqual(await error(life, 'PATCH', `${one}/d1`, { config: { size: '1MiB' } }), [
    400,
    'Invalid volume config: Block volumes cannot be shrunk',
  ]);
  const [status] = await error(life, 'POST', one, {
    name: 'd2',
    config: { size: '1MiB' },
    source: { type: 'copy', name: 'd1', pool: 'default' },
  });
  assert.equal(status, 400);
  await life.must('POST', one, { name: 'd2', config: { size: '1GiB' }, source: { type: 'copy', name: 'd1' } });
  assert.deepEqual((await life.get<{ usage: { total: number } }>(`${one}/d2/state`)).usage.total, 2 ** 30);
});

test('snapshots are taken, named, listed, changed, restored and deleted', async () => {
  await using life = await live();
  await make(life, 'v1', { config: { 'snapshots.expiry': '1d' } });
  writeFileSync(fileIn(life, 'v1', 'file'), 'first');
  const taken = await life.must('POST', `${one}/v1/snapshots`, { name: 'vs0', expires_at: null });
  assert.deepEqual(taken.resources, {
    storage_volumes: [`${one}/v1`],
    storage_volume_snapshots: [`${one}/v1/snapshots/vs0`],
  });
  await life.must('POST', `${one}/v1/snapshots`, { expires_at: '0001-01-01T00:00:00Z' });
  const listed = await life.get<StorageVolumeSnapshot[]>(`${one}/v1/snapshots?recursion=1`);
  assert.deepEqual(
    listed.map(({ name, expires_at }) => [name, expires_at === null]),
    [
      ['v1/vs0', false],
      ['v1/snap0', true],
    ],
  );
  assert.equal((await life.get<StorageVolumeSnapshot>(`${one}/v1/snapshots/vs0`)).name, 'vs0');
  assert.deepEqual(await error(life, 'POST', `${one}/v1/snapshots`, { name: 'vs0' }), [
    409,
    'Snapshot "vs0" already in use',
  ]);
  writeFileSync(fileIn(life, 'v1', 'file'), 'second');
  assert.deepEqual(await error(life, 'PUT', `${one}/v1`, { config: null, description: '', restore: 'none' }), [
    404,
    'Storage volume snapshot not found',
  ]);
  assert.equal((await life.call('PUT', `${one}/v1`, { config: null, description: '', restore: 'vs0' })).status, 200);
  assert.equal(read(life, 'v1'), 'first');
  assert.deepEqual((await life.get<StorageVolume>(`${one}/v1`)).config, { 'snapshots.expiry': '1d' });
  await life.must('POST', `${one}/v1/snapshots/vs0`, { name: 'vs1' });
  assert.equal((await life.call('PUT', `${one}/v1/snapshots/vs1`, { description: 'd', expires_at: null })).status, 200);
  const changed = await life.get<StorageVolumeSnapshot>(`${one}/v1/snapshots/vs1`);
  assert.deepEqual([changed.description, changed.expires_at], ['d', null]);
  await life.must('DELETE', `${one}/v1/snapshots/vs1`);
  assert.deepEqual(await life.get(`${one}/v1/snapshots`), [`${one}/v1/snapshots/snap0`]);
});

test('copies go to other pools, with snapshots or without, and are refreshed', async () => {
  await using life = await live();
  await second(life);
  await make(life, 'v1', { config: { 'user.x': '1' } });
  writeFileSync(fileIn(life, 'v1', 'file'), 'first');
  await life.must('POST', `${one}/v1/snapshots`, { name: 's0' });
  const other = '/1.0/storage-pools/second/volumes/custom';
  const source = { type: 'copy', pool: 'default', name: 'v1', location: 'x' };
  await life.must('POST', other, { name: 'all', type: 'custom', source });
  await life.must('POST', other, { name: 'only', type: 'custom', source: { ...source, volume_only: true } });
  writeFileSync(fileIn(life, 'v1', 'file'), 'second');
  await life.must('POST', one, { name: 'old', source: { ...source, name: 'v1/s0' } });
  assert.deepEqual([read(life, 'all'), read(life, 'only'), read(life, 'old')], ['first', 'first', 'first']);
  assert.equal((await life.get<StorageVolume>(`${other}/all`)).config['user.x'], '1');
  assert.deepEqual(await life.get(`${other}/all/snapshots`), [`${other}/all/snapshots/s0`]);
  assert.deepEqual(await life.get(`${other}/only/snapshots`), []);
  await life.must('POST', `${one}/v1/snapshots`, { name: 's1' });
  await life.must('DELETE', `${one}/v1/snapshots/s0`);
  await life.must('POST', other, { name: 'all', source: { ...source, refresh: true } });
  assert.equal(read(life, 'all'), 'second');
  assert.deepEqual(await life.get(`${other}/all/snapshots`), [`${other}/all/snapshots/s1`]);
  assert.equal((await life.house.pools.get('second')?.custom.list())?.length, 2);
});

test('a volume is renamed and moved with its snapshots; who uses it follows', async () => {
  await using life = await live();
  await addImage(life, 'base');
  await second(life);
  await make(life, 'v1');
  writeFileSync(fileIn(life, 'v1', 'file'), 'x');
  await life.must('POST', `${one}/v1/snapshots`, { name: 's0' });
  await life.must('POST', '/1.0/instances', fromImage('c1', { devices: { d: disk('v1/sub') } }));
  await life.call('POST', '/1.0/profiles', { name: 'p1', devices: { d: disk('v1') } });
  assert.deepEqual((await life.get<StorageVolume>(`${one}/v1`)).used_by, ['/1.0/instances/c1', '/1.0/profiles/p1']);
  assert.deepEqual(await error(life, 'DELETE', `${one}/v1`), [400, 'The storage volume is still in use']);
  const renamed = await life.call('POST', `${one}/v1`, { name: 'v2', migration: false, target: null });
  assert.deepEqual([renamed.status, renamed.headers.location], [201, `${one}/v2`]);
  await life.must('POST', `${one}/v2`, { name: 'v3', pool: 'second' });
  const moved = '/1.0/storage-pools/second/volumes/custom/v3';
  assert.equal(read(life, 'v3'), 'x');
  assert.deepEqual(await life.get(`${moved}/snapshots`), [`${moved}/snapshots/s0`]);
  assert.deepEqual(await life.house.pools.get('default')?.custom.list(), []);
  const { devices } = await life.get<{ devices: Record<string, unknown> }>('/1.0/instances/c1');
  assert.deepEqual(devices.d, { ...disk('v3/sub'), pool: 'second' });
  assert.deepEqual((await life.get<StorageVolume>(moved)).used_by, ['/1.0/instances/c1', '/1.0/profiles/p1']);
  assert.deepEqual(await error(life, 'DELETE', '/1.0/storage-pools/second'), [
    400,
    'The storage pool is currently in use',
  ]);
});

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
  const [guest] = await life.house.engine.observe();
  const parts = await life.house.engine.parts(guest?.id ?? '');
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
