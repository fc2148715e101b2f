/** Between projects: names on shared networks, moving, copying. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Operation } from '../../src/api/resources/operations.ts';
import { addImage, fromImage, live } from './house.ts';
import { created, patch, withProject } from './project-house.ts';

test('a name is free on a network or refused, in whatever project it is used', async () => {
  await using life = await live();
  await addImage(life, 'base');
  await life.call('POST', '/1.0/projects', {
    name: 'p1',
    config: { 'features.images': 'false', 'features.profiles': 'false' },
  });
  await life.must('POST', '/1.0/instances', fromImage('web'));
  const taken = await life.run('POST', '/1.0/instances?project=p1', fromImage('Web'));
  assert.equal(taken.err, 'Instance DNS name "web" already used on network');
  await created(life, 'other');
  const renamed = await life.run('POST', '/1.0/instances/other?project=p1', { name: 'web' });
  assert.match(renamed.err, /already used on network/);
  await created(life, 'web', { devices: { eth0: { type: 'none' } } });
  const back = await life.call('PATCH', '/1.0/instances/web?project=p1', {
    devices: { eth0: { type: 'nic', network: 'gastbr0' } },
  });
  assert.equal(back.status, 409, back.text);
});

test('an instance moves to another project with its snapshots, and back', async () => {
  await using life = await live();
  await addImage(life, 'base');
  await life.call('POST', '/1.0/projects', {
    name: 'p1',
    config: { 'features.images': 'false', 'features.profiles': 'false' },
  });
  await life.must('POST', '/1.0/instances', fromImage('web'));
  await life.must('POST', '/1.0/instances/web/snapshots', { name: 's0' });
  const body = {
    name: 'web',
    migration: true,
    live: true,
    target: null,
    pool: '',
    project: 'p1',
    Config: null,
    Devices: null,
    Profiles: null,
  };
  const moved = await life.must('POST', '/1.0/instances/web', body);
  assert.equal(moved.description, 'Migrating instance');
  assert.deepEqual(await life.get('/1.0/instances'), []);
  assert.deepEqual(await life.get('/1.0/instances/web/snapshots?project=p1'), [
    '/1.0/instances/web/snapshots/s0?project=p1',
  ]);
  await life.must('POST', '/1.0/instances/web?project=p1', { ...body, project: 'default' });
  assert.deepEqual(await life.get('/1.0/instances'), ['/1.0/instances/web']);
  const nowhere = await life
    .run('POST', '/1.0/instances/web', { ...body, project: 'nosuch' })
    .catch((error) => error as Error);
  assert.match(nowhere instanceof Error ? nowhere.message : nowhere.err, /Project not found/);
});

test('a move is refused when the project is full, lacks the profile, has the name, or the guest runs', async () => {
  await using life = await withProject({ 'limits.instances': '1' });
  const move = async (name: string): Promise<string> => {
    const reply = await life.call('POST', `/1.0/instances/${name}`, { migration: true, project: 'p1' });
    if (reply.status !== 202) return reply.json().error as string;
    const ended = (await life.call('GET', `${reply.json().operation}/wait`)).json().metadata as Operation;
    return ended.err;
  };
  await life.call('POST', '/1.0/profiles', { name: 'extra' });
  await life.must('POST', '/1.0/instances', fromImage('a', { profiles: ['default', 'extra'] }));
  assert.match(await move('a'), /Profile not found/);
  await life.must('POST', '/1.0/instances', fromImage('b', { start: true }));
  assert.match(await move('b'), /must be stopped to be moved across projects/);
  await life.must('PUT', '/1.0/instances/b/state', { action: 'stop', force: true });
  await created(life, 'c');
  assert.match(await move('b'), /Reached maximum number of instances/);
  await patch(life, { 'limits.instances': '' });
  assert.equal(await move('b'), '');
});

test('a copy of an instance or a snapshot goes into another project', async () => {
  await using life = await withProject({});
  await life.must('POST', '/1.0/instances', fromImage('web', { config: { 'user.a': '1' } }));
  await life.must('POST', '/1.0/instances/web/snapshots', { name: 's0' });
  const copy = (name: string, source: string) =>
    life.must('POST', '/1.0/instances?project=p1', { name, source: { type: 'copy', source, project: 'default' } });
  await copy('one', 'web');
  await copy('two', 'web/s0');
  const one = await life.get<{ config: Record<string, string>; project: string }>('/1.0/instances/one?project=p1');
  assert.deepEqual([one.project, one.config['user.a']], ['p1', '1']);
  assert.deepEqual(await life.get('/1.0/instances?project=p1'), [
    '/1.0/instances/one?project=p1',
    '/1.0/instances/two?project=p1',
  ]);
});
