/** Profiles, networks, pools, images, files and the server over the API. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Image } from '../../src/api/resources/images.ts';
import type { Network } from '../../src/api/resources/networks.ts';
import type { Profile } from '../../src/api/resources/profiles.ts';
import { addImage, fromImage, live } from './house.ts';

test('profiles: created with 201 and Location, used by instances, renamed with them, refused while in use', async () => {
  await using life = await live();
  await addImage(life, 'base');
  const made = await life.call('POST', '/1.0/profiles', { name: 'small', config: { 'limits.cpu': 1 }, devices: null });
  assert.deepEqual([made.status, made.headers.location], [201, '/1.0/profiles/small']);
  await life.must('POST', '/1.0/instances', fromImage('web', { profiles: ['default', 'small'], start: true }));
  assert.deepEqual((await life.get<Profile>('/1.0/profiles/small')).used_by, ['/1.0/instances/web']);
  const inUse = await life.call('DELETE', '/1.0/profiles/small');
  assert.deepEqual([inUse.status, inUse.json().error], [400, 'Profile is currently in use']);
  assert.equal((await life.call('POST', '/1.0/profiles/small', { name: 'tiny' })).status, 201);
  const web = await life.get<{ profiles: string[]; expanded_config: Record<string, string> }>('/1.0/instances/web');
  assert.deepEqual([web.profiles, web.expanded_config['limits.cpu']], [['default', 'tiny'], '1']);
  await life.call('PATCH', '/1.0/profiles/tiny', { config: { 'limits.memory': '32MiB' } });
  const id = (await life.world.engine.observe())[0]?.id ?? '';
  assert.equal(
    life.world.engine.spec(id)?.limits.memoryBytes,
    32 * 2 ** 20,
    'a changed profile reaches running guests',
  );
});

test('networks: a free subnet by itself, kept by changes, in use while cards are on it', async () => {
  await using life = await live();
  const made = await life.call('POST', '/1.0/networks', { name: 'net1', config: null });
  assert.deepEqual([made.status, made.headers.location], [201, '/1.0/networks/net1']);
  const net1 = await life.get<Network>('/1.0/networks/net1');
  assert.match(net1.config['ipv4.address'] ?? '', /^10\.77\.1\.1\/24$/);
  assert.equal((await life.call('PUT', '/1.0/networks/net1', { description: 'd', config: {} })).status, 200);
  const after = await life.get<Network>('/1.0/networks/net1');
  assert.deepEqual([after.description, after.config['ipv4.address']], ['d', '10.77.1.1/24']);
  const inUse = await life.call('DELETE', '/1.0/networks/gastbr0');
  assert.deepEqual([inUse.status, inUse.json().error], [400, 'The network is currently in use']);
  assert.equal((await life.call('DELETE', '/1.0/networks/net1')).status, 200);
  assert.deepEqual(
    (await life.world.networks.observe()).networks.map(({ name }) => name),
    ['gastbr0'],
  );
});

test('a fixed address keeps its subnet: a change that would strand it is refused', async () => {
  await using life = await live();
  await addImage(life, 'base');
  const eth0 = { type: 'nic', network: 'gastbr0', 'ipv4.address': '10.77.0.50' };
  await life.must('POST', '/1.0/instances', fromImage('web', { devices: { eth0 } }));
  const moved = await life.call('PATCH', '/1.0/networks/gastbr0', { config: { 'ipv4.address': '10.99.0.1/24' } });
  assert.match(moved.json().error, /web has the fixed address 10\.77\.0\.50/);
  const twice = await life.run('POST', '/1.0/instances', fromImage('two', { devices: { eth0 } }));
  assert.match(twice.err, /10\.77\.0\.50 belongs to web/);
});

test('images: upload, prefix, aliases with slashes, export, delete under a guest', async () => {
  await using life = await live();
  const fingerprint = await addImage(life, 'base', 'the bytes');
  const image = await life.get<Image>(`/1.0/images/${fingerprint.slice(0, 9)}`);
  assert.deepEqual([image.fingerprint, image.size, image.aliases[0]?.name], [fingerprint, 9, 'base']);
  const alias = await life.call('POST', '/1.0/images/aliases', { name: 'debian/12', target: fingerprint.slice(0, 12) });
  assert.deepEqual([alias.status, alias.headers.location], [201, '/1.0/images/aliases/debian%2F12']);
  assert.equal((await life.get<{ target: string }>('/1.0/images/aliases/debian%2F12')).target, fingerprint);
  await life.call('POST', '/1.0/images/aliases/debian%2F12', { name: 'debian/bookworm' });
  assert.equal((await life.call('GET', '/1.0/images/aliases/debian%2F12')).status, 404);
  const exported = await life.call('GET', `/1.0/images/${fingerprint}/export`);
  assert.equal(exported.text, 'the bytes');
  await life.must('POST', '/1.0/instances', { name: 'web', source: { type: 'image', alias: 'debian/bookworm' } });
  await life.must('DELETE', `/1.0/images/${fingerprint}`);
  assert.deepEqual([await life.get('/1.0/images'), await life.get('/1.0/images/aliases')], [[], []]);
  assert.deepEqual(await life.world.images.list(), []);
  await life.must('PUT', '/1.0/instances/web/state', { action: 'start' });
});

test('publish makes an image of an instance with its properties', async () => {
  await using life = await live();
  await addImage(life, 'base');
  await life.must('POST', '/1.0/instances', fromImage('web'));
  const source = { type: 'instance', name: 'web' };
  const made = await life.must('POST', '/1.0/images', {
    source,
    properties: { os: 'mine' },
    aliases: [{ name: 'mine' }],
  });
  const image = await life.get<Image>(`/1.0/images/${made.metadata?.fingerprint}`);
  assert.deepEqual([image.properties.os, image.aliases[0]?.name], ['mine', 'mine']);
});

test('files: pushed, read, listed, linked, looked at, deleted, in stopped and running guests', async () => {
  await using life = await live();
  await addImage(life, 'base');
  await life.must('POST', '/1.0/instances', fromImage('web'));
  const url = (path: string) => `/1.0/instances/web/files?path=${encodeURIComponent(path)}`;
  const push = (path: string, text: string, headers: Record<string, string> = {}) =>
    life.call('POST', url(path), Buffer.from(text), headers);
  for (const state of ['stopped', 'running']) {
    if (state === 'running') await life.must('PUT', '/1.0/instances/web/state', { action: 'start' });
    assert.equal(
      (await push('/etc/note', 'one', { 'X-Incus-mode': '0640', 'X-Incus-type': 'file' })).status,
      200,
      state,
    );
    assert.equal((await push('/etc/note', ' two', { 'X-Incus-write': 'append' })).status, 200);
    const read = await life.call('GET', url('/etc/note'));
    assert.deepEqual(
      [read.text, read.headers['x-incus-mode'], read.headers['x-lxd-type'], read.headers['x-incus-uid']],
      ['one two', '0640', 'file', '0'],
    );
    const head = await life.call('HEAD', url('/etc/note'));
    assert.deepEqual([head.status, head.text, head.headers['x-incus-type']], [200, '', 'file']);
    await push('/srv', '', { 'X-Incus-type': 'directory' });
    await push('/srv/link', '/etc/note', { 'X-Incus-type': 'symlink' });
    const link = await life.call('GET', url('/srv/link'));
    assert.deepEqual([link.headers['x-incus-type'], link.text], ['symlink', '/etc/note']);
    const folder = await life.call('GET', url('/srv'));
    assert.deepEqual([folder.headers['x-incus-type'], folder.json().metadata], ['directory', ['link']]);
    assert.equal((await life.call('DELETE', url('/srv'))).status, 400);
    assert.equal((await life.call('DELETE', `${url('/srv')}&force=1`)).status, 200);
    assert.equal((await life.call('DELETE', url('/etc/note'))).status, 200);
  }
});

test('the server shows and changes its config by ETag; unknown projects are not found', async () => {
  await using life = await live();
  const seen = await life.call('GET', '/1.0');
  const change = { config: { 'user.note': 'x' } };
  const put = await life.call('PUT', '/1.0', change, { 'If-Match': String(seen.headers.etag) });
  assert.equal(put.status, 200);
  assert.equal((await life.call('PUT', '/1.0', change, { 'If-Match': String(seen.headers.etag) })).status, 412);
  assert.equal((await life.call('GET', '/1.0/profiles?project=nosuch')).status, 404);
});
