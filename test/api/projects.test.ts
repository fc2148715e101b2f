/** Projects over the API: what is whose, and how they are made, changed, renamed and deleted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Project } from '../../src/api/resources/projects.ts';
import { type ImageDoc, keys } from '../../src/core/model.ts';
import { addImage, createWorld, fromImage, type Life, live } from './house.ts';

const shared = { 'features.images': 'false', 'features.profiles': 'false' };
const make = (life: Life, name: string, config: Record<string, string> = {}) =>
  life.call('POST', '/1.0/projects', { name, description: '', config });
const error = (reply: { status: number; json(): { error: string } }) => [reply.status, reply.json().error];

test('a new project has its own images, profiles and volumes, and a default profile', async () => {
  await using life = await live();
  const made = await make(life, 'p1');
  assert.deepEqual([made.status, made.headers.location], [201, '/1.0/projects/p1']);
  const project = await life.get<Project>('/1.0/projects/p1?project=p1');
  assert.deepEqual(project, {
    name: 'p1',
    description: '',
    config: {
      'features.images': 'true',
      'features.profiles': 'true',
      'features.storage.buckets': 'true',
      'features.storage.volumes': 'true',
    },
    used_by: ['/1.0/profiles/default?project=p1'],
  });
  assert.deepEqual(await life.get('/1.0/projects'), ['/1.0/projects/default', '/1.0/projects/p1']);
  assert.deepEqual(await life.get('/1.0/profiles?project=p1'), ['/1.0/profiles/default?project=p1']);
  assert.ok(life.events.some(({ project, metadata }) => project === 'p1' && action(metadata) === 'project-created'));
});

test('names of projects: what is refused, and what is there already', async () => {
  await using life = await live();
  for (const name of ['', 'a/b', 'a_b', '*', '..', 'a b', "it's"])
    assert.equal((await make(life, name)).status, 400, name);
  assert.equal((await make(life, 'default')).status, 409);
  await make(life, 'p1');
  assert.deepEqual(error(await make(life, 'p1')), [409, 'A project named "p1" already exists']);
});

test('the same instance name in two projects; each list has its own, all-projects has all', async () => {
  await using life = await live();
  await addImage(life, 'base');
  await make(life, 'p1', shared);
  const noNetwork = { devices: { eth0: { type: 'none' } } };
  await life.must('POST', '/1.0/instances', fromImage('web', noNetwork));
  await life.must('POST', '/1.0/instances?project=p1', fromImage('web', noNetwork));
  assert.deepEqual(await life.get('/1.0/instances'), ['/1.0/instances/web']);
  assert.deepEqual(await life.get('/1.0/instances?project=p1'), ['/1.0/instances/web?project=p1']);
  const all = await life.get<{ name: string; project: string }[]>('/1.0/instances?all-projects=true&recursion=2');
  assert.deepEqual(all.map(({ project }) => project).sort(), ['default', 'p1']);
  assert.deepEqual(error(await life.call('GET', '/1.0/instances?all-projects=true&project=p1')), [
    400,
    'Cannot specify a project when requesting all projects',
  ]);
  await life.must('DELETE', '/1.0/instances/web?project=p1');
  assert.deepEqual(await life.get('/1.0/instances?all-projects=1'), ['/1.0/instances/web']);
});

test('a project without images of its own uses those of default, and its uploads go there', async () => {
  await using life = await live();
  await make(life, 'p1', shared);
  const upload = await life.must('POST', '/1.0/images?project=p1', Buffer.from('bytes'), {
    'Content-Type': 'application/octet-stream',
    'X-Incus-aliases': 'alias=mine',
  });
  const fingerprint = String(upload.metadata?.fingerprint);
  const image = await life.get<{ project: string }>(`/1.0/images/${fingerprint}`);
  assert.equal(image.project, 'default');
  assert.equal((await life.get<{ target: string }>('/1.0/images/aliases/mine?project=p1')).target, fingerprint);
  assert.deepEqual((await life.get<Project>('/1.0/projects/p1')).used_by, []);
});

test('projects with images of their own do not see each other’s; files stay until the last one is deleted', async () => {
  await using life = await live();
  const fingerprint = await addImage(life, 'base', 'same bytes');
  await make(life, 'p1');
  assert.deepEqual(await life.get('/1.0/images?project=p1'), []);
  assert.equal((await life.call('GET', `/1.0/images/${fingerprint}?project=p1`)).status, 404);
  const again = await life.must('POST', '/1.0/images?project=p1', Buffer.from('same bytes'), {
    'Content-Type': 'application/octet-stream',
    'X-Incus-aliases': 'alias=own',
  });
  assert.equal(again.metadata?.fingerprint, fingerprint);
  assert.deepEqual(await life.get('/1.0/images?project=p1'), [`/1.0/images/${fingerprint}?project=p1`]);
  assert.equal((await life.call('GET', '/1.0/images/aliases/own')).status, 404);
  const twice = await life.run('POST', '/1.0/images?project=p1', Buffer.from('same bytes'), {
    'Content-Type': 'application/octet-stream',
  });
  assert.match(twice.err, /already exists/);
  await life.must('DELETE', `/1.0/images/${fingerprint}`);
  assert.deepEqual(await life.world.images.list(), [fingerprint]);
  assert.equal((await life.call('GET', `/1.0/images/${fingerprint}/export?project=p1`)).text, 'same bytes');
  await life.must('DELETE', `/1.0/images/${fingerprint}?project=p1`);
  assert.deepEqual(await life.world.images.list(), []);
});

test('profiles: shared ones are seen and used from the project, own ones are separate', async () => {
  await using life = await live();
  await addImage(life, 'base');
  await make(life, 'p1', shared);
  await make(life, 'p2', { 'features.images': 'false' });
  await life.call('POST', '/1.0/profiles?project=p1', { name: 'small', config: { 'limits.cpu': '1' } });
  await life.call('POST', '/1.0/profiles?project=p2', { name: 'small', config: { 'limits.cpu': '2' } });
  assert.equal((await life.get<{ project: string }>('/1.0/profiles/small')).project, 'default');
  await life.must('POST', '/1.0/instances?project=p1', fromImage('web', { profiles: ['default', 'small'] }));
  const used = await life.get<{ used_by: string[] }>('/1.0/profiles/small');
  assert.deepEqual(used.used_by, ['/1.0/instances/web?project=p1']);
  assert.equal((await life.call('DELETE', '/1.0/profiles/small?project=p1')).status, 400);
  const own = await life.get<{ project: string; config: object }>('/1.0/profiles/small?project=p2');
  assert.deepEqual([own.project, own.config], ['p2', { 'limits.cpu': '2' }]);
  const all = await life.get<string[]>('/1.0/profiles?all-projects=true');
  assert.deepEqual(all.sort(), [
    '/1.0/profiles/default',
    '/1.0/profiles/default?project=p2',
    '/1.0/profiles/small',
    '/1.0/profiles/small?project=p2',
  ]);
  const none = await life.call('POST', '/1.0/instances?project=p2', fromImage('web'));
  assert.match(none.json().error, /No root device/);
});

test('operations and events belong to their project', async () => {
  await using life = await live();
  await addImage(life, 'base');
  await make(life, 'p1', shared);
  await life.must('POST', '/1.0/instances?project=p1', fromImage('web'));
  assert.deepEqual((await life.get<Record<string, string[]>>('/1.0/operations?project=p1')).success?.length, 1);
  const there = life.events.filter(({ project }) => project === 'p1').map(({ metadata }) => action(metadata));
  assert.ok(there.includes('instance-created'));
  const created = life.events.find(({ metadata }) => action(metadata) === 'instance-created');
  assert.match(JSON.stringify(created?.metadata), /"source":"\/1\.0\/instances\/web\?project=p1"/);
});

test('a project that is not there: 404 for what is inside, and its listing still works', async () => {
  await using life = await live();
  for (const path of ['/1.0/instances', '/1.0/images', '/1.0/profiles', '/1.0/networks', '/1.0/events'])
    assert.equal((await life.call('GET', `${path}?project=nosuch`)).status, path === '/1.0/events' ? 400 : 404, path);
  for (const path of ['/1.0', '/1.0/projects', '/1.0/operations'])
    assert.equal((await life.call('GET', `${path}?project=nosuch`)).status, 200, path);
  await make(life, 'p1');
  const server = await life.get<{ environment: { project: string } }>('/1.0?project=p1');
  assert.equal(server.environment.project, 'p1');
  assert.equal((await life.call('GET', '/1.0/projects/nosuch')).status, 404);
});

test('PUT and PATCH of a project, by ETag; features only while it is empty', async () => {
  await using life = await live();
  await addImage(life, 'base');
  await make(life, 'p1', shared);
  const seen = await life.call('GET', '/1.0/projects/p1');
  const match = { 'If-Match': String(seen.headers.etag) };
  const config = { ...shared, 'user.x': '1', 'limits.instances': '5' };
  assert.equal((await life.call('PUT', '/1.0/projects/p1', { description: 'd', config }, match)).status, 200);
  assert.equal((await life.call('PUT', '/1.0/projects/p1', { description: 'e', config }, match)).status, 412);
  await life.call('PATCH', '/1.0/projects/p1', { config: { 'user.y': '2', 'user.x': '' } });
  const now = await life.get<Project>('/1.0/projects/p1');
  assert.deepEqual([now.description, now.config], ['d', { ...shared, 'user.y': '2', 'limits.instances': '5' }]);
  assert.equal((await life.call('PATCH', '/1.0/projects/p1', { config: { 'features.profiles': 'true' } })).status, 200);
  assert.deepEqual((await life.get<Project>('/1.0/projects/p1')).used_by, ['/1.0/profiles/default?project=p1']);
  assert.equal(
    (await life.call('PATCH', '/1.0/projects/p1', { config: { 'features.profiles': 'false' } })).status,
    200,
  );
  assert.deepEqual((await life.get<Project>('/1.0/projects/p1')).used_by, []);
  await life.must('POST', '/1.0/instances?project=p1', fromImage('web'));
  assert.deepEqual(error(await life.call('PATCH', '/1.0/projects/p1', { config: { 'features.images': 'true' } })), [
    400,
    'Project feature "features.images" cannot be enabled on non-empty projects',
  ]);
  assert.deepEqual(
    error(await life.call('PATCH', '/1.0/projects/default', { config: { 'features.images': 'false' } })),
    [400, "You can't change the features of the default project"],
  );
});

test('bad config of a project is refused by name, and nothing is stored', async () => {
  await using life = await live();
  const bad: Record<string, string>[] = [
    { nosuch: '1' },
    { 'limits.cpu': 'many' },
    { 'limits.memory': '10%' },
    { 'limits.disk.pool.nosuch': '1GiB' },
    { 'limits.disk.pool.default': 'much' },
    { 'restricted.devices.disk': 'perhaps' },
    { 'restricted.devices.disk': 'allow', 'restricted.devices.disk.paths': 'relative' },
    { restricted: 'true', 'features.profiles': 'false' },
    { 'features.networks': 'true' },
    { 'backups.compression_algorithm': 'rar' },
  ];
  for (const config of bad) assert.equal((await make(life, 'p1', config)).status, 400, JSON.stringify(config));
  assert.deepEqual(await life.get('/1.0/projects'), ['/1.0/projects/default']);
});

test('rename: an operation, for empty projects, and the default profile comes along', async () => {
  await using life = await live();
  await addImage(life, 'base');
  await make(life, 'p1');
  const renamed = await life.must('POST', '/1.0/projects/p1', { name: 'p2' });
  assert.equal(renamed.description, 'Renaming project');
  // A client listens in the project that it works in, whichever is renamed.
  const told = life.events.filter(({ metadata }) => (metadata as { id?: string }).id === renamed.id);
  assert.deepEqual([...new Set(told.map(({ project }) => project))], [undefined]);
  assert.deepEqual(await life.get('/1.0/projects'), ['/1.0/projects/default', '/1.0/projects/p2']);
  assert.deepEqual(await life.get('/1.0/profiles?project=p2'), ['/1.0/profiles/default?project=p2']);
  await make(life, 'used', shared);
  await life.must('POST', '/1.0/instances?project=used', fromImage('web'));
  assert.equal((await life.run('POST', '/1.0/projects/used', { name: 'x' })).err, 'Only empty projects can be renamed');
  assert.equal(
    (await life.run('POST', '/1.0/projects/p2', { name: 'used' })).err,
    'A project named "used" already exists',
  );
  assert.equal((await life.call('POST', '/1.0/projects/default', { name: 'x' })).status, 403);
});

test('delete: refused while something is in it, by force with all that is in it', async () => {
  await using life = await live();
  await addImage(life, 'base');
  await make(life, 'p1', shared);
  await life.must(
    'POST',
    '/1.0/instances?project=p1',
    fromImage('web', { start: true, config: { 'security.protection.delete': 'true' } }),
  );
  await life.must('POST', '/1.0/instances?project=p1', fromImage('eph', { start: true, ephemeral: true }));
  assert.deepEqual(error(await life.call('DELETE', '/1.0/projects/p1')), [400, 'Only empty projects can be removed.']);
  assert.equal((await life.call('DELETE', '/1.0/projects/p1?force=1')).status, 200);
  assert.deepEqual(await life.get('/1.0/projects'), ['/1.0/projects/default']);
  assert.deepEqual(await life.get('/1.0/instances?all-projects=1'), []);
  assert.deepEqual(await life.world.engine.observe(), []);
  assert.equal((await life.call('DELETE', '/1.0/projects/default')).status, 403);
  assert.deepEqual(life.bugs, []);
});

test('state: limits and usage with capital names', async () => {
  await using life = await live();
  await addImage(life, 'base');
  await make(life, 'p1', { ...shared, 'limits.memory': '1GiB' });
  const config = { 'limits.memory': '256MiB' };
  await life.must('POST', '/1.0/instances?project=p1', fromImage('web', { config }));
  assert.deepEqual(await life.get('/1.0/projects/p1/state?project=p1'), {
    resources: {
      containers: { Limit: -1, Usage: 1 },
      cpu: { Limit: -1, Usage: 0 },
      disk: { Limit: -1, Usage: 0 },
      instances: { Limit: -1, Usage: 1 },
      memory: { Limit: 2 ** 30, Usage: 256 * 2 ** 20 },
      networks: { Limit: -1, Usage: 0 },
      processes: { Limit: -1, Usage: 0 },
      'virtual-machines': { Limit: -1, Usage: 0 },
    },
  });
});

const action = (metadata: unknown) => (metadata as { action?: string }).action;

test('images that an older Gasthof stored without a project are those of default', async () => {
  using world = createWorld();
  {
    await using life = await live(world);
    const fingerprint = await addImage(life, 'base');
    const [doc] = life.house.documents.list<ImageDoc>('images/');
    await life.house.documents.commit([
      { delete: keys.image('default', fingerprint) },
      { put: `images/${fingerprint}`, value: doc },
    ]);
  }
  await using life = await live(world);
  assert.equal((await life.get<unknown[]>('/1.0/images')).length, 1);
  await life.must('POST', '/1.0/instances', fromImage('web', { start: true }));
});
