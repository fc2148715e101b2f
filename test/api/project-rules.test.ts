/** limits.* and restricted.* of projects. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addImage, live } from './house.ts';
import { create, created, patch, refused, root, withProject } from './project-house.ts';

test('limits.instances and limits.containers count, and cannot be set below what is there', async () => {
  await using life = await withProject({ 'limits.instances': '2', 'limits.containers': '1' });
  await created(life, 'a');
  refused(await create(life, 'b'), /Reached maximum number of instances of type "container" in project "p1"/);
  await patch(life, { 'limits.containers': '' });
  await created(life, 'b');
  refused(await create(life, 'c'), /Reached maximum number of instances in project "p1"/);
  refused(await patch(life, { 'limits.instances': '1' }), /there currently are 2 total instances/);
  assert.equal((await patch(life, { 'limits.instances': '2' })).status, 200);
});

test('of many instances created at once no more than the limit come in', async () => {
  await using life = await withProject({ 'limits.instances': '3' });
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const replies = await Promise.all(names.map((name) => create(life, name)));
  for (const reply of replies) if (reply.status === 202) await life.call('GET', `${reply.json().operation}/wait`);
  assert.equal((await life.get<string[]>('/1.0/instances?project=p1')).length, 3);
});

test('sums: each guest needs the key, pinned CPUs and percentages do not add up', async () => {
  await using life = await withProject({ 'limits.memory': '1GiB', 'limits.cpu': '3', 'limits.processes': '1000' });
  const config = { 'limits.memory': '600MiB', 'limits.cpu': '2', 'limits.processes': '500' };
  refused(await create(life, 'a'), /Instance "a" in project "p1" has no "limits\.\w+" config/);
  refused(await create(life, 'a', { config: { ...config, 'limits.cpu': '0-1' } }), /CPUs can't be pinned/);
  refused(await create(life, 'a', { config: { ...config, 'limits.memory': '10%' } }), /can't be a percentage/);
  await created(life, 'a', { config });
  refused(
    await create(life, 'b', { config: { ...config, 'limits.cpu': '1' } }),
    /Failed checking if instance creation allowed: Reached maximum aggregate value "1GiB" for "limits.memory" in project "p1"/,
  );
  await created(life, 'b', { config: { ...config, 'limits.cpu': '1', 'limits.memory': '100MiB' } });
  refused(await patch(life, { 'limits.memory': '512MiB' }), /"limits.memory" is too low: current total is "700MiB"/);
});

test('sums hold for changes of an instance and of a profile too', async () => {
  await using life = await withProject({});
  await life.call('PATCH', '/1.0/profiles/default?project=p1', { config: { 'limits.memory': '100MiB' } });
  await created(life, 'a');
  await created(life, 'b');
  assert.equal((await patch(life, { 'limits.memory': '250MiB' })).status, 200);
  refused(
    await life.call('PATCH', '/1.0/profiles/default?project=p1', { config: { 'limits.memory': '200MiB' } }),
    /Failed checking if profile update allowed: Reached maximum/,
  );
  refused(
    await life.call('PATCH', '/1.0/instances/a?project=p1', { config: { 'limits.memory': '200MiB' } }),
    /Failed checking if instance update allowed: Reached maximum/,
  );
  assert.equal(
    (await life.call('PATCH', '/1.0/instances/a?project=p1', { config: { 'limits.memory': '150MiB' } })).status,
    200,
  );
});

test('a changed profile of default counts in the projects that share it', async () => {
  await using life = await live();
  await addImage(life, 'base');
  const config = { 'features.images': 'false', 'features.profiles': 'false' };
  await life.call('POST', '/1.0/projects', { name: 'p1', config });
  await life.call('POST', '/1.0/profiles', { name: 'small', config: { 'limits.memory': '100MiB' } });
  await created(life, 'a', { profiles: ['default', 'small'] });
  assert.equal((await patch(life, { 'limits.memory': '150MiB' })).status, 200);
  refused(
    await life.call('PATCH', '/1.0/profiles/small', { config: { 'limits.memory': '200MiB' } }),
    /Reached maximum aggregate value "150MiB" for "limits.memory" in project "p1"/,
  );
});

test('limits.disk wants a size of each root disk and volume', async () => {
  await using life = await withProject({ 'limits.disk': '10GiB', 'limits.disk.pool.default': '8GiB' });
  refused(await create(life, 'a'), /has no "size" config set on the root device/);
  await created(life, 'a', { devices: { root: { ...root, size: '6GiB' } } });
  refused(
    await create(life, 'b', { devices: { root: { ...root, size: '3GiB' } } }),
    /Reached maximum aggregate value "8GiB" for "limits.disk.pool.default"/,
  );
  await created(life, 'b', { devices: { root: { ...root, size: '1GiB' } } });
  const grown = await life.call('PATCH', '/1.0/instances/b?project=p1', {
    devices: { root: { ...root, size: '5GiB' } },
  });
  refused(grown, /Reached maximum aggregate value/);
});

const devices: [string, Record<string, string>, Record<string, string>, RegExp | undefined][] = [
  ['a bind mount', {}, { type: 'disk', source: '/srv', path: '/mnt' }, /not backed by a pool is forbidden/],
  [
    'a bind mount outside of the paths',
    { 'restricted.devices.disk': 'allow', 'restricted.devices.disk.paths': '/srv/a,/srv/b' },
    { type: 'disk', source: '/srv/c', path: '/mnt' },
    /Disk source path "\/srv\/c" not allowed/,
  ],
  [
    'a path that only begins alike',
    { 'restricted.devices.disk': 'allow', 'restricted.devices.disk.paths': '/srv/a' },
    { type: 'disk', source: '/srv/ab', path: '/mnt' },
    /not allowed/,
  ],
  [
    'a card on a network that is not named',
    { 'restricted.networks.access': 'other' },
    { type: 'nic', network: 'gastbr0' },
    /Network not allowed in project/,
  ],
  [
    'any card',
    { 'restricted.devices.nic': 'block' },
    { type: 'nic', network: 'gastbr0' },
    /Network devices are forbidden/,
  ],
  ['a card on a managed network', {}, { type: 'nic', network: 'gastbr0' }, undefined],
];
for (const [what, config, device, words] of devices)
  test(`restricted devices: ${what} is ${words ? 'refused' : 'allowed'}`, async () => {
    await using life = await withProject({ restricted: 'true', ...config });
    const reply = await create(life, 'a', { devices: { d1: device } });
    if (words) refused(reply, words);
    else assert.equal(reply.status, 202, reply.text);
    const inProfile = await life.call('POST', '/1.0/profiles?project=p1', { name: 'x', devices: { d1: device } });
    assert.equal(inProfile.status, words ? 403 : 201, inProfile.text);
  });

test('restricted config: low-level keys are refused, and allowed when the project says so', async () => {
  await using life = await withProject({ restricted: 'true' });
  const config = { 'limits.memory.swap': 'false' };
  refused(
    await create(life, 'a', { config }),
    /Use of low-level config "limits.memory.swap" on container "a" of project "p1" is forbidden/,
  );
  assert.equal((await patch(life, { 'restricted.containers.lowlevel': 'allow' })).status, 200);
  await created(life, 'a', { config });
  refused(
    await patch(life, { 'restricted.containers.lowlevel': 'block' }),
    /Conflict detected when changing "restricted.containers.lowlevel" in project "p1"/,
  );
});

test('a project with forbidden things in it cannot become restricted', async () => {
  await using life = await withProject({});
  await created(life, 'a', { config: { 'limits.memory.swap': 'false' } });
  refused(await patch(life, { restricted: 'true' }), /Conflict detected when changing "restricted"/);
});

test('restricted snapshots and image servers', async () => {
  await using life = await withProject({ restricted: 'true', 'restricted.images.servers': 'images.example.org' });
  await created(life, 'a');
  refused(
    await life.call('POST', '/1.0/instances/a/snapshots?project=p1', { name: 's0' }),
    /Project "p1" doesn't allow for snapshot creation/,
  );
  await patch(life, { 'restricted.snapshots': 'allow' });
  await life.must('POST', '/1.0/instances/a/snapshots?project=p1', { name: 's0' });
  const source = {
    type: 'image',
    mode: 'pull',
    server: 'https://elsewhere.example',
    protocol: 'simplestreams',
    alias: 'x',
  };
  refused(
    await life.call('POST', '/1.0/instances?project=p1', { name: 'b', source }),
    /Image server "elsewhere.example" isn't allowed in this project/,
  );
  refused(await life.call('POST', '/1.0/images?project=p1', { source }), /isn't allowed in this project/);
});

test('restricted networks and pools with the limit 0 are not seen in the project', async () => {
  await using life = await withProject({ restricted: 'true', 'restricted.networks.access': 'other' });
  assert.equal((await life.call('GET', '/1.0/networks/gastbr0?project=p1')).status, 404);
  assert.deepEqual(
    (await life.get<string[]>('/1.0/networks?project=p1')).filter((url) => url.endsWith('gastbr0')),
    [],
  );
  assert.equal((await life.call('GET', '/1.0/networks/gastbr0')).status, 200);
  await life.call('POST', '/1.0/storage-pools', { name: 'second', driver: 'memory' });
  const pools = await life.get<string[]>('/1.0/storage-pools?project=p1');
  await life.call('PATCH', '/1.0/projects/p1', { config: { 'limits.disk.pool.second': '0' } });
  const seen = await life.get<string[]>('/1.0/storage-pools?project=p1');
  assert.deepEqual(
    pools.filter((url) => !seen.includes(url)).filter((url) => url.endsWith('second')),
    pools.filter((url) => url.endsWith('second')),
  );
});

test('limits.networks of the default project', async () => {
  await using life = await live();
  await life.call('PATCH', '/1.0/projects/default', { config: { 'limits.networks': '1' } });
  refused(await life.call('POST', '/1.0/networks', { name: 'net1' }), /Networks limit has been reached/);
  await life.call('PATCH', '/1.0/projects/default', { config: { 'limits.networks': '' } });
  assert.equal((await life.call('POST', '/1.0/networks', { name: 'net1' })).status, 201);
});

test('volumes: own ones by project, limits.disk, and deletion by force', async () => {
  await using life = await withProject({});
  const url = '/1.0/storage-pools/default/volumes/custom';
  const volume = (name: string, config: object = {}) => life.call('POST', `${url}?project=p1`, { name, config });
  assert.equal((await volume('v1', { size: '1GiB' })).status, 200);
  assert.deepEqual((await life.get<{ used_by: string[] }>('/1.0/projects/p1')).used_by, [
    '/1.0/profiles/default?project=p1',
    '/1.0/storage-pools/default/volumes/custom/v1?project=p1',
  ]);
  assert.equal((await life.call('GET', `${url}/v1`)).status, 404);
  await patch(life, { 'limits.disk': '2GiB' });
  refused(await volume('v2'), /Custom volume "v2" in project "p1" has no "size" config set/);
  refused(await volume('v2', { size: '2GiB' }), /Reached maximum aggregate value "2GiB" for "limits.disk"/);
  assert.equal((await life.call('DELETE', '/1.0/projects/p1')).status, 400);
  const deleted = await life.call('DELETE', '/1.0/projects/p1?force=true');
  assert.equal(deleted.status, 200, deleted.text);
});

test('a snapshot of before cannot bring back what the project forbids by now', async () => {
  await using life = await withProject({ 'restricted.snapshots': 'allow' });
  await created(life, 'a', { config: { 'limits.memory.swap': 'false' } });
  await life.must('POST', '/1.0/instances/a/snapshots?project=p1', { name: 's0' });
  await life.call('PATCH', '/1.0/instances/a?project=p1', { config: { 'limits.memory.swap': '' } });
  assert.equal((await patch(life, { restricted: 'true' })).status, 200);
  const restored = await life.run('PUT', '/1.0/instances/a?project=p1', { restore: 's0' });
  assert.match(restored.err, /low-level config "limits.memory.swap"/);
});
