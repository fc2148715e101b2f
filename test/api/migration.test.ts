/** Instances between two servers in one process: the requests of real clients, and what is left after a failure. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Operation } from '../../src/api/resources/operations.ts';
import { fromImage, type Life } from './house.ts';
import { docOf, ended, file, origins, pull, start, two } from './two-servers.ts';

test('a pulled copy has the files and the config that the client sent', async () => {
  await using servers = await two();
  const { here, there } = servers;
  await here.must('POST', '/1.0/instances', fromImage('c1', { config: { 'user.k': 'v' } }));
  await file(here, 'c1', 'note', 'hello');
  const [source, target] = await pull(servers, { name: 'c2', config: { 'user.k': 'w' } });
  assert.equal(target.err, '');
  assert.equal(source.err, '');
  assert.deepEqual([source.class, target.class], ['websocket', 'task']);
  assert.deepEqual(Object.keys(source.metadata as object).sort(), ['control', 'fs']);
  assert.equal(await file(there, 'c2', 'note'), 'hello');
  const made = await there.get<{ config: Record<string, string> }>('/1.0/instances/c2');
  assert.equal(made.config['user.k'], 'w');
  assert.ok(here.events.some(({ metadata }) => (metadata as { action?: string }).action === 'instance-migrated'));
  assert.ok(there.events.some(({ metadata }) => (metadata as { action?: string }).action === 'instance-created'));
  assert.deepEqual([...here.bugs, ...there.bugs], []);
});

test('snapshots travel, each with its own files', async () => {
  await using servers = await two();
  const { here, there } = servers;
  await here.must('POST', '/1.0/instances', fromImage('c1'));
  await file(here, 'c1', 'note', 'old');
  await here.must('POST', '/1.0/instances/c1/snapshots', { name: 's0', expires_at: '2040-01-01T00:00:00Z' });
  await file(here, 'c1', 'note', 'new');
  const [source, target] = await pull(servers, { name: 'c2' });
  assert.equal(target.err, '');
  assert.equal(source.err, '');
  assert.equal(await file(there, 'c2', 'note'), 'new');
  const [before] = await here.get<{ created_at: string }[]>('/1.0/instances/c1/snapshots?recursion=1');
  const [after] = await there.get<{ name: string; created_at: string; expires_at: string }[]>(
    '/1.0/instances/c2/snapshots?recursion=1',
  );
  assert.equal(after?.name, 's0');
  assert.equal(after?.expires_at, '2040-01-01T00:00:00.000Z');
  assert.equal(after?.created_at.slice(0, 19), before?.created_at.slice(0, 19));
  await there.must('PUT', '/1.0/instances/c2', { restore: 's0' });
  assert.equal(await file(there, 'c2', 'note'), 'old');
});

test('without the snapshots when the client says so', async () => {
  await using servers = await two();
  await servers.here.must('POST', '/1.0/instances', fromImage('c1'));
  await servers.here.must('POST', '/1.0/instances/c1/snapshots', { name: 's0' });
  const only = { instance_only: true };
  const [source, target] = await pull(servers, { name: 'c2' }, { source: only, request: only });
  assert.equal(target.err + source.err, '');
  assert.deepEqual(await servers.there.get('/1.0/instances/c2/snapshots'), []);
});

test('one snapshot becomes an instance', async () => {
  await using servers = await two();
  const { here, there } = servers;
  await here.must('POST', '/1.0/instances', fromImage('c1'));
  await file(here, 'c1', 'note', 'old');
  await here.must('POST', '/1.0/instances/c1/snapshots', { name: 's0' });
  await file(here, 'c1', 'note', 'new');
  const going = await start(here, 'POST', '/1.0/instances/c1/snapshots/s0', { migration: true });
  const target = await there.run('POST', '/1.0/instances', {
    name: 'c2',
    source: {
      type: 'migration',
      mode: 'pull',
      operation: `${origins.here}/1.0/operations/${going.id}`,
      certificate: here.house.ownCertificate().certificate,
      secrets: going.metadata,
    },
  });
  assert.equal(target.err, '');
  assert.equal(await file(there, 'c2', 'note'), 'old');
});

test('pushed: the target waits, the source dials', async () => {
  await using servers = await two();
  const { here, there } = servers;
  await here.must('POST', '/1.0/instances', fromImage('c1'));
  await file(here, 'c1', 'note', 'hello');
  const coming = await start(there, 'POST', '/1.0/instances', {
    name: 'c2',
    source: { type: 'migration', mode: 'push' },
  });
  assert.equal(coming.class, 'websocket');
  const going = await here.run('POST', '/1.0/instances/c1', {
    migration: true,
    target: {
      operation: `${origins.there}/1.0/operations/${coming.id}`,
      certificate: there.house.ownCertificate().certificate,
      secrets: coming.metadata,
    },
  });
  assert.equal(going.class, 'task');
  assert.equal(going.err, '');
  assert.equal((await ended(there, coming)).err, '');
  assert.equal(await file(there, 'c2', 'note'), 'hello');
});

test('a refresh brings a copy up to date: files, new snapshots, gone snapshots', async () => {
  await using servers = await two();
  const { here, there } = servers;
  await here.must('POST', '/1.0/instances', fromImage('c1'));
  await here.must('POST', '/1.0/instances/c1/snapshots', { name: 's0' });
  await here.must('POST', '/1.0/instances/c1/snapshots', { name: 's1' });
  await pull(servers, { name: 'c2', config: { 'user.own': 'kept' } });
  await here.must('DELETE', '/1.0/instances/c1/snapshots/s0');
  await here.must('POST', '/1.0/instances/c1/snapshots', { name: 's2' });
  await file(here, 'c1', 'note', 'new');
  await file(there, 'c2', 'own', 'goes');
  const [source, target] = await pull(servers, { name: 'c2' }, { source: { refresh: true } });
  assert.equal(target.err + source.err, '');
  assert.equal(await file(there, 'c2', 'note'), 'new');
  await assert.rejects(file(there, 'c2', 'own'), { code: 'ENOENT' });
  const names = (await there.get<string[]>('/1.0/instances/c2/snapshots')).map((url) => url.split('/').at(-1));
  assert.deepEqual(names.sort(), ['s1', 's2']);
  const made = await there.get<{ config: Record<string, string> }>('/1.0/instances/c2');
  assert.equal(made.config['user.own'], 'kept');
  const [volumes] = [there.house.pools.get('default')?.volumes];
  assert.deepEqual(await volumes?.list(), [docOf(there, 'c2').id]);
});

test('a refresh of what is not there is an ordinary copy', async () => {
  await using servers = await two();
  await servers.here.must('POST', '/1.0/instances', fromImage('c1'));
  const [, target] = await pull(servers, { name: 'c2' }, { source: { refresh: true } });
  assert.equal(target.err, '');
});

test('a moved instance keeps what it is known by, a copy does not', async () => {
  await using servers = await two();
  const { here, there } = servers;
  await here.must('POST', '/1.0/instances', fromImage('c1'));
  const { config } = await here.get<{ config: Record<string, string> }>('/1.0/instances/c1');
  await pull(servers, { name: 'moved', config });
  const { config: kept } = await there.get<{ config: Record<string, string> }>('/1.0/instances/moved');
  for (const key of ['volatile.uuid', 'volatile.cloud-init.instance-id', 'volatile.base_image'])
    assert.equal(kept[key], config[key], key);
  assert.notEqual(docOf(there, 'moved').idBase, undefined);
  await pull(servers, { name: 'copied' });
  const { config: own } = await there.get<{ config: Record<string, string> }>('/1.0/instances/copied');
  assert.notEqual(own['volatile.uuid'], config['volatile.uuid']);
});

test('a guest that runs goes on running, and is sent as it was', async () => {
  await using servers = await two();
  const { here, there } = servers;
  await here.must('POST', '/1.0/instances', fromImage('c1', { start: true }));
  const [source, target] = await pull(servers, { name: 'c2' });
  assert.equal(source.err + target.err, '');
  assert.equal((await here.get<{ status: string }>('/1.0/instances/c1')).status, 'Running');
  assert.equal((await there.get<{ status: string }>('/1.0/instances/c2')).status, 'Stopped');
  const volumes = here.house.pools.get('default')?.volumes;
  assert.deepEqual(await volumes?.snapshots(docOf(here, 'c1').id), []);
  const live = await here.call('POST', '/1.0/instances/c1', { migration: true, live: true });
  assert.equal(live.status, 400);
  assert.match(live.text, /Unable to perform container live migration/);
});

const left = async (life: Life) => [
  life.house.documents.list('instances/').length,
  life.house.documents.list('snapshots/').length,
  await life.house.pools.get('default')?.volumes.list(),
];

test('what fails leaves nothing on the target, and the source as it was', async () => {
  await using servers = await two();
  const { here, there } = servers;
  await here.must('POST', '/1.0/instances', fromImage('c1'));
  await here.must('POST', '/1.0/instances/c1/snapshots', { name: 's0' });
  const wrong = 'f'.repeat(64);
  const attempts: [string, Parameters<typeof pull>[2], RegExp][] = [
    ['wrong control secret', { secrets: { control: wrong } }, /Error transferring instance data/],
    ['wrong fs secret', { secrets: { fs: wrong } }, /Error transferring instance data/],
    ['wrong address', { source: { operation: 'https://nobody:1/1.0/operations/x' } }, /nobody listens there/],
    [
      'wrong certificate',
      { source: { certificate: there.house.ownCertificate().certificate } },
      /shows another certificate/,
    ],
  ];
  for (const [what, more, shown] of attempts) {
    const going = await start(here, 'POST', '/1.0/instances/c1', { migration: true });
    const reply = await there.call('POST', '/1.0/instances', {
      name: 'c2',
      source: {
        type: 'migration',
        mode: 'pull',
        operation: `${origins.here}/1.0/operations/${going.id}`,
        certificate: here.house.ownCertificate().certificate,
        ...more?.source,
        secrets: { ...(going.metadata as object), ...more?.secrets },
      },
    });
    assert.equal(reply.status, 202, what);
    assert.match((await ended(there, reply.json().metadata as Operation)).err, shown, what);
    assert.deepEqual(await left(there), [0, 0, []], what);
    await here.call('DELETE', `/1.0/operations/${going.id}`);
    assert.match((await ended(here, going)).status, /Cancelled|Failure/, what);
  }
  assert.equal((await left(here))[0], 1);
  await here.must('DELETE', '/1.0/instances/c1');
});

test('a refresh that fails leaves the copy as it was', async () => {
  await using servers = await two();
  const { here, there } = servers;
  await here.must('POST', '/1.0/instances', fromImage('c1'));
  await pull(servers, { name: 'c2' });
  await file(there, 'c2', 'own', 'kept');
  await here.must('POST', '/1.0/instances/c1/snapshots', { name: 's0' });
  const before = await left(there);
  const { volumes } = there.house.pools.get('default') ?? assert.fail();
  const { replace } = volumes;
  volumes.replace = () => Promise.reject(new Error('no'));
  const [source, target] = await pull(servers, { name: 'c2' }, { source: { refresh: true } });
  volumes.replace = replace;
  assert.match(target.err, /no/);
  assert.match(source.err, /the other server says: no/);
  assert.deepEqual(await left(there), before);
  assert.equal(await file(there, 'c2', 'own'), 'kept');
});

test('requests that make no sense are refused at once', async () => {
  await using servers = await two();
  const { here, there } = servers;
  await here.must('POST', '/1.0/instances', fromImage('c1'));
  const source = { type: 'migration', mode: 'pull', operation: `${origins.here}/1.0/operations/x`, secrets: {} };
  const bad: [object, number, RegExp][] = [
    [{ ...source, mode: 'relay' }, 501, /Mode \\"relay\\" not implemented/],
    [{ ...source, mode: undefined }, 501, /not implemented/],
    [source, 400, /\\"control\\" connection secret missing/],
    [{ ...source, secrets: { control: 'a' } }, 400, /\\"fs\\" connection secret missing/],
    [{ ...source, operation: 'http://here/1.0/operations/x' }, 400, /does not begin with https/],
    [{ ...source, operation: 'https://here/1.0/instances/x' }, 400, /not the address of an operation/],
    [{ ...source, operation: undefined }, 400, /not a URL/],
    [{ ...source, live: true }, 400, /live migration/],
  ];
  for (const [given, status, text] of bad) {
    const reply = await there.call('POST', '/1.0/instances', { name: 'c2', source: given });
    assert.equal(reply.status, status, reply.text);
    assert.match(reply.text, text);
  }
  const taken = await here.call('POST', '/1.0/instances', { name: 'c1', source: { type: 'migration', mode: 'push' } });
  assert.equal(taken.status, 409);
  const target = { operation: 'https://x/1.0/operations/y' };
  assert.equal((await here.call('POST', '/1.0/instances/c1', { migration: true, target })).status, 400);
  assert.deepEqual(await left(there), [0, 0, []]);
});

test('a source that nobody comes for can be cancelled', async () => {
  await using servers = await two();
  const { here } = servers;
  await here.must('POST', '/1.0/instances', fromImage('c1'));
  const going = await start(here, 'POST', '/1.0/instances/c1', { migration: true });
  assert.equal((await here.call('DELETE', `/1.0/operations/${going.id}`)).status, 200);
  assert.equal((await ended(here, going)).status, 'Cancelled');
  await here.must('DELETE', '/1.0/instances/c1');
});
