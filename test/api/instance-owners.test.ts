/** Owners of guests: users of the host with the rights that vmd gives an owner, and no others (P14, W23). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Identity } from '../../src/api/handlers.ts';
import { isNamedBy } from '../../src/core/instances/owners.ts';
import { addImage, fromImage, type Life, live } from './house.ts';

const anna: Identity = {
  username: 'anna',
  protocol: 'unix',
  address: '@',
  trusted: false,
  local: { uid: 1000, name: 'anna', groups: ['anna', 'vmusers'] },
};

type Reply = { status: number; json: { metadata: unknown; operation?: string } };

async function withGuests() {
  const life = await live();
  await addImage(life, 'base');
  for (const [name, config] of [
    ['hers', { 'security.owner': 'anna' }],
    ['grouped', { 'security.owner': ':vmusers' }],
    ['others', { 'security.owner': 'otto:staff' }],
    ['nobodys', {}],
  ] as const)
    await life.must('POST', '/1.0/instances', fromImage(name, { config }));
  return life;
}

const ask =
  (life: Life, identity = anna) =>
  async (method: string, url: string, body?: unknown): Promise<Reply> => {
    const { status, json, headers } = await life.server.inject({
      identity,
      method,
      url,
      ...(body === undefined ? {} : { body }),
    });
    const type = headers['content-type'] ?? '';
    return { status, json: (type.startsWith('application/json') ? json() : {}) as Reply['json'] };
  };
const state = (action: string) => ({ action, timeout: -1, force: true });

test('an owner looks at, starts and stops what is owned, waits for it, and opens its console', async () => {
  await using life = await withGuests();
  const call = ask(life);
  const urls = (await call('GET', '/1.0/instances')).json.metadata as string[];
  assert.deepEqual(urls.sort(), ['/1.0/instances/grouped', '/1.0/instances/hers']);
  for (const recursion of [1, 2]) {
    const listed = (await call('GET', `/1.0/instances?recursion=${recursion}`)).json.metadata as { name: string }[];
    assert.deepEqual(listed.map(({ name }) => name).sort(), ['grouped', 'hers']);
  }
  for (const name of ['hers', 'grouped']) {
    const url = `/1.0/instances/${name}`;
    assert.equal((await call('GET', url)).status, 200);
    for (const action of ['start', 'freeze', 'unfreeze', 'restart', 'stop']) {
      const started = await call('PUT', `${url}/state`, state(action));
      assert.equal(started.status, 202, action);
      const waited = await call('GET', `${started.json.operation}/wait`);
      assert.deepEqual([waited.status, (waited.json.metadata as { status: string }).status], [200, 'Success'], action);
    }
    assert.equal((await call('GET', `${url}/state`)).status, 200);
  }
  await call('PUT', '/1.0/instances/hers/state', state('start')).then(({ json }) =>
    call('GET', `${json.operation}/wait`),
  );
  assert.equal((await call('POST', '/1.0/instances/hers/console', { width: 80, height: 24 })).status, 202);
  assert.equal((await call('GET', '/1.0/instances/hers/console')).status, 200);
});

test('an owner changes nothing, sees nothing else and runs no commands inside', async () => {
  await using life = await withGuests();
  const call = ask(life);
  const own = '/1.0/instances/hers';
  await life.must('PUT', `${own}/state`, state('start'));
  const refused: [method: string, url: string, body?: unknown][] = [
    ['PATCH', own, { config: { 'user.x': 'y' } }],
    ['PUT', own, { config: { 'security.owner': 'anna' } }],
    ['POST', own, { name: 'mine' }],
    ['DELETE', own],
    ['POST', `${own}/exec`, { command: ['id'] }],
    ['POST', `${own}/snapshots`, { name: 's' }],
    ['GET', `${own}/files?path=/etc/passwd`],
    ['GET', `${own}/snapshots`],
    ['GET', `${own}/logs`],
    ['POST', '/1.0/instances', fromImage('new')],
    ['PUT', '/1.0/instances', { state: state('stop') }],
    ['GET', '/1.0/instances?all-projects=true'],
    ['GET', '/1.0/instances/others'],
    ['GET', '/1.0/instances/nobodys'],
    ['GET', '/1.0/instances/none'],
    ['PUT', '/1.0/instances/others/state', state('start')],
    ['POST', '/1.0/instances/nobodys/console', {}],
    ['GET', '/1.0/instances/hers?project=other'],
    ['GET', '/1.0/operations'],
    ['GET', '/1.0/events'],
    ['GET', '/1.0/networks'],
    ['GET', '/1.0/profiles/default'],
    ['PUT', '/internal/shutdown'],
  ];
  for (const [method, url, body] of refused)
    assert.equal((await call(method, url, body)).status, 403, `${method} ${url}`);
  const ofOthers = await life.server.inject({
    ...{ identity: { ...anna, trusted: true, local: undefined } as never, method: 'PUT' },
    ...{ url: '/1.0/instances/others/state', body: state('start') },
  });
  const { operation } = ofOthers.json();
  assert.equal((await call('GET', `${operation}/wait`)).status, 403);
  assert.deepEqual(
    (await ask(life, { ...anna, local: { uid: 7, name: 'eve', groups: [] } })('GET', '/1.0/instances')).json.metadata,
    [],
  );
});

test('the right goes with the key; what names nobody is refused', async () => {
  await using life = await withGuests();
  const call = ask(life);
  await life.call('PATCH', '/1.0/instances/hers', { config: { 'security.owner': '' } });
  assert.equal((await call('GET', '/1.0/instances/hers')).status, 403);
  for (const wrong of [':', 'a b', 'a:b:c', 'a:', '/etc'])
    assert.equal(
      (await life.call('PATCH', '/1.0/instances/hers', { config: { 'security.owner': wrong } })).status,
      400,
      wrong,
    );
});

test('who is named: by name, by number, by group', () => {
  const local = { uid: 1000, name: 'anna', groups: ['vmusers'] };
  for (const owner of ['anna', '1000', ':vmusers', 'otto:vmusers', 'anna:none'])
    assert.equal(isNamedBy(owner, local), true, owner);
  for (const owner of ['otto', '100', ':anna', 'vmusers', 'otto:staff', ':', ''])
    assert.equal(isNamedBy(owner, local), false, owner);
});
