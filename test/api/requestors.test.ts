/** Events name who asked, also those of operations that go on after the answer, and of two callers at the same time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Identity } from '../../src/api/handlers.ts';
import type { Lifecycle } from '../../src/api/resources/events.ts';
import type { Operation } from '../../src/api/resources/operations.ts';
import { addImage, fromImage, type Life, live } from './house.ts';
import { ended, origins, two } from './two-servers.ts';

type Call = [method: string, url: string, body?: unknown, headers?: Record<string, string>];

const octets = { 'Content-Type': 'application/octet-stream' };
const person = (username: string): Identity => ({ username, protocol: 'tls', address: '192.0.2.9:1', trusted: true });
const [erika, otto] = [person('erika'), person('otto')];

/** Makes a call as somebody and waits until the operation of it, if there is one, has succeeded. */
async function as(life: Life, identity: Identity, [method, url, body, headers = {}]: Call) {
  const reply = await life.server.inject({ identity, method, url, headers, body });
  assert.ok(reply.status < 300, `${method} ${url}: ${reply.text}`);
  if (reply.status !== 202) return reply;
  const operation = await ended(life, reply.json().metadata as Operation);
  assert.equal(operation.err, '', `${method} ${url}`);
  return reply;
}

const told = (life: Life): Lifecycle[] =>
  life.events.flatMap(({ type, metadata }) => (type === 'lifecycle' ? [metadata as Lifecycle] : []));

/** The life of a guest, with all the calls whose events once took their requestor from the handler. */
const guestLife = (name: string): Call[] => {
  const one = `/1.0/instances/${name}`;
  const state = (action: string): Call => ['PUT', `${one}/state`, { action, force: true }];
  return [
    ['POST', '/1.0/instances', fromImage(name, { start: true })],
    state('freeze'),
    state('unfreeze'),
    state('restart'),
    ['POST', `${one}/exec`, { command: ['true'], 'record-output': true }],
    state('stop'),
    ['PATCH', `${one}/metadata`, { properties: { a: 'b' } }],
    ['POST', `${one}/metadata/templates?path=a.tpl`, Buffer.from('text'), octets],
    ['DELETE', `${one}/metadata/templates?path=a.tpl`],
    ['POST', `${one}/snapshots`, { name: 's0' }],
    ['POST', '/1.0/instances', { name: `${name}-copy`, source: { type: 'copy', source: name } }],
    ['POST', one, { name: `${name}-new` }],
    ['POST', `${one}-new`, { name: `${name}-moved`, migration: true }],
    ['DELETE', `${one}-copy`],
    ['DELETE', `${one}-moved`],
  ];
};

const guestActions = [
  'instance-created',
  'instance-deleted',
  'instance-exec',
  'instance-metadata-template-created',
  'instance-metadata-template-deleted',
  'instance-metadata-updated',
  'instance-paused',
  'instance-renamed',
  'instance-restarted',
  'instance-resumed',
  'instance-snapshot-created',
  'instance-started',
  'instance-stopped',
];

test('two callers at the same time: each event of a guest names the one who asked for it', async () => {
  await using life = await live();
  await addImage(life, 'base');
  await Promise.all(
    [erika, otto].map(async (identity) => {
      for (const call of guestLife(identity.username)) await as(life, identity, call);
    }),
  );
  for (const { username, protocol, address } of [erika, otto]) {
    const own = told(life).filter(({ source }) => source.startsWith(`/1.0/instances/${username}`));
    const actions = new Set(own.map(({ action }) => action));
    for (const action of guestActions) assert.ok(actions.has(action), `${username}: ${action}`);
    for (const { action, requestor } of own) assert.deepEqual(requestor, { username, protocol, address }, action);
  }
  assert.deepEqual(life.bugs, []);
});

test('images, backups and their import, logs, consoles, all guests at once', async () => {
  await using life = await live();
  const fingerprint = await addImage(life, 'base');
  const begin = told(life).length;
  await as(life, erika, ['POST', '/1.0/instances', fromImage('web')]);
  await as(life, erika, ['POST', '/1.0/instances/web/snapshots', { name: 's0' }]);
  await as(life, erika, ['POST', '/1.0/instances/web/backups', { name: 'b0' }]);
  const { bytes } = await as(life, erika, ['GET', '/1.0/instances/web/backups/b0/export']);
  await as(life, erika, ['POST', '/1.0/instances', bytes, { ...octets, 'X-Incus-name': 'again' }]);
  await as(life, erika, ['DELETE', '/1.0/instances/web']);
  await as(life, erika, ['POST', '/1.0/instances', fromImage('other')]);
  await as(life, erika, ['PUT', '/1.0/instances', { state: { action: 'start' } }]);
  await as(life, erika, ['POST', '/1.0/instances/again/exec', { command: ['true'], 'record-output': true }]);
  for (const url of await life.get<string[]>('/1.0/instances/again/logs/exec-output'))
    await as(life, erika, ['DELETE', url]);
  const console = await life.server.inject({
    identity: erika,
    method: 'POST',
    url: '/1.0/instances/again/console',
    headers: {},
    body: {},
  });
  await as(life, erika, ['DELETE', console.json().operation]);
  await as(life, erika, ['DELETE', `/1.0/images/${fingerprint}`]);
  const events = told(life).slice(begin);
  const actions = events.map(({ action }) => action);
  for (const action of ['instance-log-deleted', 'instance-console', 'image-alias-deleted', 'image-deleted'])
    assert.ok(actions.includes(action), action);
  for (const [action, count] of [
    ['instance-created', 3],
    ['instance-snapshot-created', 2],
    ['instance-started', 2],
  ] as const)
    assert.equal(actions.filter((other) => other === action).length, count, action);
  for (const { action, requestor } of events) assert.equal(requestor?.username, 'erika', action);
});

test('what arrives from another server comes in the name of the one who asked here', async () => {
  await using servers = await two();
  const { here, there } = servers;
  await as(here, otto, ['POST', '/1.0/instances', fromImage('c1')]);
  await as(here, otto, ['POST', '/1.0/instances/c1/snapshots', { name: 's0' }]);
  const request = { identity: otto, method: 'POST', url: '/1.0/instances/c1', headers: {}, body: { migration: true } };
  const going = (await here.server.inject(request)).json().metadata as Operation;
  const source = {
    type: 'migration',
    mode: 'pull',
    operation: `${origins.here}/1.0/operations/${going.id}`,
    certificate: here.house.ownCertificate().certificate,
    secrets: going.metadata,
  };
  await as(there, erika, ['POST', '/1.0/instances', { name: 'c2', source }]);
  assert.equal((await ended(here, going)).err, '');
  const arrived = told(there).filter(({ source }) => source.startsWith('/1.0/instances/c2'));
  assert.deepEqual(
    arrived.map(({ action, requestor }) => [action, requestor?.username]),
    [
      ['instance-created', 'erika'],
      ['instance-snapshot-created', 'erika'],
    ],
  );
  assert.equal(told(here).find(({ action }) => action === 'instance-migrated')?.requestor?.username, 'otto');
});
