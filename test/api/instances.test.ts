/** Instances over the API, in the shapes that Incus clients expect. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instance, InstanceFull, InstanceSnapshot } from '../../src/api/resources/instances.ts';
import type { Operation } from '../../src/api/resources/operations.ts';
import { addImage, fromImage, type Life, live } from './house.ts';

const envelopeKeys = ['type', 'status', 'status_code', 'operation', 'error_code', 'error', 'metadata'];

async function withBase(): Promise<Life> {
  const life = await live();
  await addImage(life, 'base');
  return life;
}

const instance = (life: Life, name: string) => life.get<Instance>(`/1.0/instances/${name}`);

test('every kind of answer has the seven keys of the envelope, in their order', async () => {
  await using life = await withBase();
  const replies = [
    await life.call('GET', '/1.0/instances'),
    await life.call('POST', '/1.0/instances', fromImage('web')),
    await life.call('GET', '/1.0/instances/nosuch'),
    await life.call('POST', '/1.0/profiles', { name: 'p' }),
  ];
  assert.deepEqual(
    replies.map(({ status }) => status),
    [200, 202, 404, 201],
  );
  for (const reply of replies) assert.deepEqual(Object.keys(reply.json()), envelopeKeys);
  const [, started, missing, created] = replies;
  assert.equal(started?.headers.location, started?.json().operation);
  assert.deepEqual(Object.keys(started?.json().metadata as Operation).slice(0, 12), [
    'id',
    'class',
    'description',
    'created_at',
    'updated_at',
    'status',
    'status_code',
    'resources',
    'metadata',
    'may_cancel',
    'err',
    'location',
  ]);
  assert.equal(missing?.json().error_code, 404);
  assert.equal(created?.headers.location, '/1.0/profiles/p');
  assert.equal(created?.json().metadata, null);
});

test('a life: create, start, freeze, resume, restart, stop, rename, delete', async () => {
  await using life = await withBase();
  await life.must(
    'POST',
    '/1.0/instances',
    fromImage('web', { description: 'd', config: { 'limits.cpu': 2, 'user.x': true } }),
  );
  const made = await instance(life, 'web');
  assert.deepEqual([made.status, made.status_code, made.description], ['Stopped', 102, 'd']);
  assert.equal(made.config['limits.cpu'], '2', 'numbers and booleans become strings');
  assert.equal(made.config['user.x'], 'true');
  assert.equal(made.config['image.os'], 'Memory');
  const act = (action: string, rest: object = {}) => life.must('PUT', '/1.0/instances/web/state', { action, ...rest });
  const status = async () => (await instance(life, 'web')).status;
  await act('start', { timeout: -1 });
  assert.equal(await status(), 'Running');
  await act('freeze');
  assert.equal(await status(), 'Frozen');
  await act('unfreeze');
  await act('restart', { force: true });
  assert.equal(await status(), 'Running');
  await act('stop');
  assert.equal(await status(), 'Stopped');
  await life.must('POST', '/1.0/instances/web', { name: 'site' });
  await life.must('DELETE', '/1.0/instances/site');
  assert.deepEqual(await life.get('/1.0/instances'), []);
  assert.deepEqual(life.bugs, []);
  assert.deepEqual(await life.world.engine.observe(), []);
  const nics = (await life.world.networks.observe()).nics;
  assert.deepEqual(nics, [], 'no network card is left');
});

test('recursion 0, 1 and 2 show addresses, objects, and objects with state and snapshots', async () => {
  await using life = await withBase();
  assert.deepEqual(await life.get('/1.0/instances'), [], 'an empty list is a list');
  await life.must('POST', '/1.0/instances', fromImage('web', { start: true }));
  assert.deepEqual(await life.get('/1.0/instances'), ['/1.0/instances/web']);
  const [one] = await life.get<InstanceFull[]>('/1.0/instances?recursion=1');
  assert.ok(one && !('state' in one));
  const [full] = await life.get<InstanceFull[]>('/1.0/instances?recursion=2');
  assert.deepEqual([full?.snapshots, full?.backups], [null, null]);
  assert.ok((full?.state?.pid ?? 0) > 0);
  assert.ok(full?.state?.network?.eth0);
  await life.must('POST', '/1.0/instances/web/snapshots', {});
  const whole = await life.get<InstanceFull>('/1.0/instances/web?recursion=1');
  assert.deepEqual(
    whole.snapshots?.map(({ name }) => name),
    ['snap0'],
  );
  const filtered = await life.get('/1.0/instances?filter=status%20eq%20stopped');
  assert.deepEqual(filtered, []);
  assert.deepEqual(await life.get('/1.0/instances?filter=name%20eq%20w.*%20and%20status%20eq%20running'), [
    '/1.0/instances/web',
  ]);
});

test('a name that is taken is a failing operation, and the first instance stays', async () => {
  await using life = await withBase();
  await life.must('POST', '/1.0/instances', fromImage('web'));
  const twice = await life.run('POST', '/1.0/instances', fromImage('web'));
  assert.deepEqual([twice.status, twice.status_code, twice.err_code], ['Failure', 400, 'instance.exists']);
  assert.match(twice.err, /"web" already exists/);
  assert.equal((await life.world.store.list('instances/')).length, 1);
});

test('profiles: null means the default profile, an empty list means none', async () => {
  await using life = await withBase();
  await life.must('POST', '/1.0/instances', fromImage('web', { profiles: null, config: null, devices: null }));
  assert.deepEqual((await instance(life, 'web')).profiles, ['default']);
  const none = await life.call('POST', '/1.0/instances', fromImage('bare', { profiles: [] }));
  assert.equal(none.status, 400);
  await life.must(
    'POST',
    '/1.0/instances',
    fromImage('bare', { profiles: [], devices: { root: { type: 'disk', path: '/', pool: 'default' } } }),
  );
  assert.deepEqual((await instance(life, 'bare')).profiles, []);
});

test('PUT is an operation that replaces, PATCH answers at once and merges; both keep to the ETag', async () => {
  await using life = await withBase();
  await life.must('POST', '/1.0/instances', fromImage('web', { start: true, config: { 'user.a': '1' } }));
  const etagOf = async () => (await life.call('GET', '/1.0/instances/web')).headers.etag ?? '';
  const first = await etagOf();
  const patched = await life.call(
    'PATCH',
    '/1.0/instances/web',
    { config: { 'user.b': '2', 'limits.memory': '64MiB' } },
    { 'If-Match': first },
  );
  assert.deepEqual([patched.status, patched.json().metadata], [200, {}]);
  assert.equal((await life.call('PATCH', '/1.0/instances/web', {}, { 'If-Match': first })).status, 412);
  const seen = await instance(life, 'web');
  assert.deepEqual([seen.config['user.a'], seen.config['user.b']], ['1', '2']);
  const id = (await life.world.engine.observe())[0]?.id ?? '';
  assert.equal(life.world.engine.spec(id)?.limits.memoryBytes, 64 * 2 ** 20, 'the running guest has the new limit');
  const bare = (await etagOf()).replaceAll('"', '');
  await life.must(
    'PUT',
    '/1.0/instances/web',
    { ...seen, config: { ...seen.config, 'user.a': '3' } },
    { 'If-Match': bare },
  );
  await life.call('PATCH', '/1.0/instances/web', { config: { 'user.b': null } });
  const last = await instance(life, 'web');
  assert.deepEqual([last.config['user.a'], last.config['user.b']], ['3', undefined]);
  assert.equal(last.config['volatile.eth0.hwaddr'], seen.config['volatile.eth0.hwaddr'], 'volatile keys are kept');
  const failed = await life.run('PUT', '/1.0/instances/web', { ...last, config: { nosuchkey: '1' } });
  assert.deepEqual([failed.status_code, failed.err], [400, 'Invalid config: Unknown configuration key: nosuchkey']);
});

test('a limit that the engine refuses changes nothing', async () => {
  await using life = await withBase();
  await life.must('POST', '/1.0/instances', fromImage('web', { start: true }));
  const { HostError } = await import('../../src/lib/host-error.ts');
  life.world.engine.failNext.set('update', new HostError('this host has no swap controller'));
  const reply = await life.call('PATCH', '/1.0/instances/web', { config: { 'limits.memory.swap': 'false' } });
  assert.deepEqual([reply.status, reply.json().error], [400, 'Limit refused: this host has no swap controller']);
  assert.equal((await instance(life, 'web')).config['limits.memory.swap'], undefined);
});

test('snapshots: taken, listed, renamed, described, restored by PUT, copied, deleted', async () => {
  await using life = await withBase();
  await life.must('POST', '/1.0/instances', fromImage('web', { config: { 'user.v': 'old' } }));
  const base = '/1.0/instances/web/snapshots';
  await life.must('POST', base, { name: 's0', expires_at: null });
  await life.must('POST', base, {});
  assert.deepEqual(await life.get(base), [`${base}/s0`, `${base}/snap0`]);
  await life.must('POST', `${base}/snap0`, { name: 's1' });
  await life.must('PUT', `${base}/s1`, { description: 'kept', expires_at: '2999-01-01T00:00:00Z' });
  const s1 = await life.get<InstanceSnapshot>(`${base}/s1`);
  assert.deepEqual([s1.description, s1.expires_at], ['kept', '2999-01-01T00:00:00.000Z']);
  await life.call('PATCH', '/1.0/instances/web', { config: { 'user.v': 'new' } });
  const body = {
    architecture: '',
    config: null,
    devices: null,
    ephemeral: false,
    profiles: null,
    restore: 'web/s0',
    stateful: false,
  };
  await life.must('PUT', '/1.0/instances/web', body);
  assert.equal((await instance(life, 'web')).config['user.v'], 'old');
  await life.must('POST', '/1.0/instances', { name: 'twin', source: { type: 'copy', source: 'web/s0' } });
  const [web, twin] = [await instance(life, 'web'), await instance(life, 'twin')];
  assert.equal(twin.config['user.v'], 'old');
  assert.equal(twin.config['volatile.base_image'], web.config['volatile.base_image']);
  for (const key of [
    'volatile.uuid',
    'volatile.eth0.hwaddr',
    'volatile.eth0.last_state.ip_addresses',
    'volatile.idmap.base',
  ])
    assert.notEqual(twin.config[key], web.config[key], key);
  await life.must('DELETE', `${base}/s0`);
  assert.deepEqual(await life.get(base), [`${base}/s1`]);
  await life.must('DELETE', '/1.0/instances/web');
  assert.deepEqual(await life.world.store.list('snapshots/'), []);
});

test('a snapshot whose profile has gone is not restored', async () => {
  await using life = await withBase();
  await life.call('POST', '/1.0/profiles', { name: 'extra' });
  await life.must('POST', '/1.0/instances', fromImage('web', { profiles: ['default', 'extra'] }));
  await life.must('POST', '/1.0/instances/web/snapshots', { name: 's0' });
  await life.call('PATCH', '/1.0/instances/web', { profiles: ['default'] });
  assert.equal((await life.call('DELETE', '/1.0/profiles/extra')).status, 200);
  const failed = await life.run('PUT', '/1.0/instances/web', { restore: 's0' });
  assert.equal(failed.err_code, 'profile.not-found');
  assert.equal((await life.call('GET', '/1.0/instances?recursion=1')).status, 200);
});

test('rebuild keeps name, id and addresses and gives a fresh root file system', async () => {
  await using life = await withBase();
  await life.must('POST', '/1.0/instances', fromImage('web'));
  const before = await instance(life, 'web');
  await life.call('POST', '/1.0/instances/web/files?path=/etc/mark', Buffer.from('x'));
  await life.must('POST', '/1.0/instances/web/rebuild', { source: { type: 'image', alias: 'base' } });
  const after = await instance(life, 'web');
  for (const key of ['volatile.uuid', 'volatile.eth0.hwaddr', 'volatile.idmap.base'])
    assert.equal(after.config[key], before.config[key]);
  assert.equal((await life.call('GET', '/1.0/instances/web/files?path=/etc/mark')).status, 404);
});

test('one call stops and starts all instances', async () => {
  await using life = await withBase();
  for (const name of ['a1', 'b2', 'c3'])
    await life.must('POST', '/1.0/instances', fromImage(name, { start: name !== 'c3' }));
  const bulk = await life.must('PUT', '/1.0/instances', { state: { action: 'stop', timeout: -1, force: true } });
  assert.deepEqual(bulk.resources.instances, ['/1.0/instances/a1', '/1.0/instances/b2'], 'c3 is stopped already');
  await life.must('PUT', '/1.0/instances', { state: { action: 'start' } });
  const all = await life.get<Instance[]>('/1.0/instances?recursion=1');
  assert.deepEqual(
    all.map(({ status }) => status),
    ['Running', 'Running', 'Running'],
  );
});

test('a guest that does not halt is given up after its time and ends by force', async () => {
  await using life = await withBase();
  await life.must('POST', '/1.0/instances', fromImage('web', { start: true }));
  const id = (await life.world.engine.observe())[0]?.id ?? '';
  life.world.engine.stubborn.add(id);
  const failed = await life.run('PUT', '/1.0/instances/web/state', { action: 'stop', timeout: 0 });
  assert.equal(failed.err_code, 'instance.stop-timeout');
  assert.equal((await instance(life, 'web')).status, 'Running');
  await life.must('PUT', '/1.0/instances/web/state', { action: 'stop', force: true });
});

test('an ephemeral instance goes with its end; a protected one stays', async () => {
  await using life = await withBase();
  await life.must('POST', '/1.0/instances', fromImage('brief', { start: true, ephemeral: true }));
  await life.must('PUT', '/1.0/instances/brief/state', { action: 'stop' });
  assert.equal((await life.call('GET', '/1.0/instances/brief')).status, 404);
  await life.must('POST', '/1.0/instances', fromImage('dear', { config: { 'security.protection.delete': 'true' } }));
  assert.equal((await life.run('DELETE', '/1.0/instances/dear')).err_code, 'instance.protected');
});

test('two stopped instances never share an address, also when one is created with the volatile keys of the other', async () => {
  await using life = await withBase();
  await life.must('POST', '/1.0/instances', fromImage('web'));
  const { config } = await instance(life, 'web');
  await life.must('POST', '/1.0/instances', fromImage('thief', { config: { ...config } }));
  const thief = await instance(life, 'thief');
  assert.notEqual(
    thief.config['volatile.eth0.last_state.ip_addresses'],
    config['volatile.eth0.last_state.ip_addresses'],
  );
  assert.notEqual(thief.config['volatile.uuid'], config['volatile.uuid']);
});
