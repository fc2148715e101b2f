/** Metadata and templates of instances: own copies, editing, what follows snapshots, copies, images and rebuilds. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { InstanceDoc } from '../../src/core/model.ts';
import { addImage, fromImage, type Life, live } from './house.ts';

const url = '/1.0/instances/web/metadata';
const put = (life: Life, path: string, text: string) =>
  life.call('POST', `${url}/templates?path=${path}`, Buffer.from(text), {
    'Content-Type': 'application/octet-stream',
  });

async function withInstance(): Promise<Life> {
  const life = await live();
  await addImage(life, 'base');
  await life.must('POST', '/1.0/instances', fromImage('web'));
  return life;
}

type Metadata = { templates: Record<string, unknown>; properties: Record<string, string>; creation_date: number };

test('templates are made, listed, read, replaced and deleted; names cannot lead anywhere', async () => {
  await using life = await withInstance();
  assert.deepEqual(await life.get(`${url}/templates`), []);
  assert.equal((await put(life, 'b.tpl', 'x')).status, 200);
  assert.equal((await put(life, 'a.tpl', '{{ container.name }}')).status, 200);
  assert.equal((await put(life, 'b.tpl', 'y')).status, 200);
  assert.deepEqual(await life.get(`${url}/templates`), ['a.tpl', 'b.tpl']);
  const read = await life.call('GET', `${url}/templates?path=b.tpl`);
  assert.deepEqual([read.text, read.headers['content-type']], ['y', 'application/octet-stream']);
  assert.equal((await life.call('DELETE', `${url}/templates?path=b.tpl`)).status, 200);
  assert.equal((await life.call('DELETE', `${url}/templates?path=b.tpl`)).status, 404);
  assert.equal((await life.call('GET', `${url}/templates?path=constructor`)).status, 404);
  for (const bad of ['..%2Fx', '..', '', 'a%2Fb', '__proto__'])
    assert.equal((await put(life, bad, 'x')).status, 400, bad);
  assert.deepEqual(life.bugs, []);
});

test('metadata: replaced, merged, checked by ETag, refused when it makes no sense', async () => {
  await using life = await withInstance();
  const before = await life.call('GET', url);
  const etag = String(before.headers.etag);
  const templates = {
    '/etc/t': { when: ['start'], create_only: false, template: 'a.tpl', properties: { k: 1 }, uid: '7', mode: '0640' },
  };
  assert.equal((await life.call('PUT', url, { templates, properties: { a: '1' } }, { 'If-Match': etag })).status, 200);
  assert.equal((await life.call('PUT', url, { templates }, { 'If-Match': etag })).status, 412);
  assert.equal((await life.call('PATCH', url, { properties: { b: '2' } })).status, 200);
  const now = await life.get<Metadata>(url);
  assert.deepEqual(now.properties, { a: '1', b: '2' });
  assert.deepEqual(now.templates['/etc/t'], { ...templates['/etc/t'], properties: { k: '1' } });
  for (const bad of [
    { 'etc/relative': { template: 'a.tpl' } },
    { '/etc/../../x': { template: 'a.tpl' } },
    { '/etc/t': { template: '../a.tpl' } },
    { '/etc/t': { template: 'a.tpl', when: ['sometimes'] } },
    { '/etc/t': { template: 'a.tpl', mode: '9' } },
  ])
    assert.equal((await life.call('PUT', url, { templates: bad })).status, 400, JSON.stringify(bad));
});

test('templates are written at the start; create_only leaves what is there; a broken one fails the start with its reason', async () => {
  await using life = await withInstance();
  await put(
    life,
    'a.tpl',
    '{{ container.name }} {{ trigger }} {{ path }} {{ properties.k }} {{ config_get("user.x", "no") }}',
  );
  const entry = (template: string, rest: object) => ({ template, properties: { k: 'v' }, ...rest });
  const templates = {
    '/etc/at-create': entry('a.tpl', { when: ['create'] }),
    '/etc/at-start': entry('a.tpl', { when: ['start'] }),
    '/etc/never': entry('a.tpl', { when: ['copy'] }),
    '/etc/once': entry('a.tpl', { when: ['start'], create_only: true }),
  };
  await life.call('PUT', url, { templates });
  const doc = life.house.documents.list<InstanceDoc>('instances/')[0];
  const pool = life.house.pools.get(doc?.pool ?? '');
  assert.ok(doc && pool);
  const at = join(life.world.mountDirectory, 'look');
  const inside = async <T>(work: (root: string) => T): Promise<T> => {
    await pool.volumes.mount(doc.id, at, { range: { base: 0, size: 65536 } });
    try {
      return work(at);
    } finally {
      await pool.volumes.unmount(at);
    }
  };
  await inside((root) => mkdirSync(join(root, 'etc'), { recursive: true }));
  await life.must('PUT', '/1.0/instances/web/state', { action: 'start' });
  const read = (name: string) => inside((root) => readFileSync(join(root, 'etc', name), 'utf8'));
  assert.equal(await read('at-create'), 'web create /etc/at-create v no');
  assert.equal(await read('at-start'), 'web start /etc/at-start v no');
  await assert.rejects(read('never'), /ENOENT/);
  await life.must('PUT', '/1.0/instances/web/state', { action: 'stop', force: true });
  await life.must('PUT', '/1.0/instances/web', { config: { 'user.x': 'yes' }, profiles: ['default'] });
  await life.must('PUT', '/1.0/instances/web/state', { action: 'start' });
  assert.match(await read('at-start'), /yes$/);
  assert.match(await read('once'), /no$/);
  assert.match(await read('at-create'), /no$/);
  await life.must('PUT', '/1.0/instances/web/state', { action: 'stop', force: true });
  await put(life, 'a.tpl', '{% if %}');
  const failed = await life.run('PUT', '/1.0/instances/web/state', { action: 'start' });
  assert.match(failed.err, /The template of \/etc\/at-start cannot be used/);
  assert.deepEqual(life.bugs, []);
});

test('snapshots, copies and restores take metadata along; what nobody uses goes with the next start', async () => {
  await using life = await withInstance();
  await put(life, 'one.tpl', '1');
  await life.must('POST', '/1.0/instances/web/snapshots', { name: 's0' });
  await put(life, 'two.tpl', '2');
  await life.must('POST', '/1.0/instances', { name: 'copy', source: { type: 'copy', source: 'web' } });
  await life.must('POST', '/1.0/instances', { name: 'old', source: { type: 'copy', source: 'web/s0' } });
  const templates = (name: string) => life.get<string[]>(`/1.0/instances/${name}/metadata/templates`);
  assert.deepEqual(await templates('copy'), ['one.tpl', 'two.tpl']);
  assert.deepEqual(await templates('old'), ['one.tpl']);
  await life.must('PUT', '/1.0/instances/web', { restore: 's0' });
  assert.deepEqual(await templates('web'), ['one.tpl']);
  await life.call('DELETE', '/1.0/instances/copy/metadata/templates?path=two.tpl');
  const kept = life.house.documents.list('metadata/').length;
  await using next = await live(life.world);
  assert.ok(next.house.documents.list('metadata/').length < kept);
  assert.deepEqual(await next.get('/1.0/instances/web/metadata/templates'), ['one.tpl']);
});

test('seeds of cloud-init: deep paths, the new keys before those of old, and the default of the image', async () => {
  await using life = await withInstance();
  const seed = '/var/lib/cloud/seed/nocloud-net/user-data';
  const template =
    '{% if config_get("cloud-init.user-data", "") == "" %}{{ config_get("user.user-data", properties.default) }}' +
    '{% else %}{{- config_get("cloud-init.user-data", properties.default) }}{% endif %}';
  await put(life, 'user.tpl', template);
  await life.call('PUT', url, {
    templates: { [seed]: { when: ['start'], template: 'user.tpl', properties: { default: '#cloud-config\n{}\n' } } },
  });
  const read = async () => {
    await life.must('PUT', '/1.0/instances/web/state', { action: 'start' });
    const { text } = await life.call('GET', `/1.0/instances/web/files?path=${seed}`);
    await life.must('PUT', '/1.0/instances/web/state', { action: 'stop', force: true });
    return text;
  };
  const set = (config: Record<string, string>) => life.call('PATCH', '/1.0/instances/web', { config });
  assert.equal(await read(), '#cloud-config\n{}\n');
  await set({ 'user.user-data': 'old' });
  assert.equal(await read(), 'old');
  await set({ 'cloud-init.user-data': 'new' });
  assert.equal(await read(), 'new');
  assert.equal((await set({ 'cloud-init.nonsense': 'x' })).status, 400);
});

test('a template that cannot be put in its place fails the start with its reason', async () => {
  await using life = await withInstance();
  await put(life, 'a.tpl', 'x');
  await life.call('POST', '/1.0/instances/web/files?path=/file', Buffer.from('x'), { 'X-Incus-type': 'file' });
  await life.call('PUT', url, { templates: { '/file/below': { when: ['start'], template: 'a.tpl' } } });
  const failed = await life.run('PUT', '/1.0/instances/web/state', { action: 'start' });
  assert.match(failed.err, /The template of \/file\/below cannot be used/);
  assert.deepEqual(life.bugs, []);
});
