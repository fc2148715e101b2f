/** Custom volumes over the API, in one process: made, changed, copied, moved, their snapshots. */
import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { StorageVolume, StorageVolumeSnapshot } from '../../src/api/resources/volumes.ts';
import { addImage, fromImage, live } from './house.ts';
import { base, disk, docOf, error, fileIn, make, one, read, second } from './volume-calls.ts';

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
    [{ name: 'v2', content_type: 'block', config: { size: '0' } }, /not a size|cannot be/],
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
  assert.deepEqual([changed.description, changed.expires_at], ['d', '0001-01-01T00:00:00Z']);
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
