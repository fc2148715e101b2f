/** The way to a port of a guest over the API: refusals before the upgrade, both directions, ends of either. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { addImage, caller, fromImage, type Life, live } from './house.ts';

async function dial(
  life: Life,
  query: string,
  name = 'web',
): Promise<{ status: number; code?: string; socket?: Duplex }> {
  const connection = await life.server.connect(caller);
  const path = `/1.0/instances/${name}/connect?${query}`;
  const headers = { Connection: 'Upgrade', Upgrade: 'tcp' };
  const call = request({ path, headers, createConnection: () => connection as never });
  call.on('error', () => {});
  call.end();
  const { promise, resolve } = Promise.withResolvers<{ status: number; code?: string; socket?: Duplex }>();
  call.once('upgrade', ({ statusCode = 0 }, socket, head) => {
    if (head.length > 0) socket.unshift(head);
    resolve({ status: statusCode, socket });
  });
  call.once('response', async (response) =>
    resolve({ status: response.statusCode ?? 0, code: JSON.parse(await text(response)).metadata?.code }),
  );
  return promise;
}

/** Without ending the other direction, as an iterator would. */
async function allOf(stream: Duplex): Promise<string> {
  let said = '';
  stream.on('data', (part: Buffer) => {
    said += part;
  });
  await once(stream, 'end');
  return said;
}

async function running(): Promise<Life> {
  const life = await live();
  await addImage(life, 'base');
  await life.must('POST', '/1.0/instances', fromImage('web', { start: true }));
  return life;
}

test('what cannot be is refused before the upgrade, with its reason', async () => {
  await using life = await running();
  const refusals: [query: string, name: string, status: number, code: string][] = [
    ['port=80', 'none', 404, 'instance.not-found'],
    ['port=80', 'web', 502, 'instance.port'],
    ['', 'web', 400, 'request.invalid'],
    ['port=0', 'web', 400, 'request.invalid'],
    ['port=65536', 'web', 400, 'request.invalid'],
    ['port=22&address=example.org', 'web', 400, 'request.invalid'],
    ['port=22&project=none', 'web', 404, 'project.not-found'],
  ];
  for (const [query, name, status, code] of refusals)
    assert.deepEqual(await dial(life, query, name), { status, code }, query);
  await life.must('PUT', '/1.0/instances/web/state', { action: 'freeze' });
  assert.equal((await dial(life, 'port=80')).code, 'instance.frozen');
  await life.must('PUT', '/1.0/instances/web/state', { action: 'stop', force: true });
  assert.equal((await dial(life, 'port=80')).code, 'instance.not-running');
  assert.deepEqual(life.bugs, []);
});

test('one direction may end before the other', async () => {
  await using life = await running();
  life.world.proxies.servers.set(80, async (peer) => peer.end(`you said ${await allOf(peer)}`));
  const { socket } = await dial(life, 'port=80');
  assert.ok(socket);
  socket.end('hello');
  assert.equal(await allOf(socket), 'you said hello');
});

test('a client that is gone takes the connection inside along, and the other way round', async () => {
  await using life = await running();
  const peers: Duplex[] = [];
  life.world.proxies.servers.set(80, (peer) => {
    peer.on('error', () => {});
    peer.write('here');
    peers.push(peer);
  });
  const { socket } = await dial(life, 'port=80');
  assert.ok(socket && peers[0]);
  await once(socket, 'data');
  socket.destroy();
  peers[0].resume();
  await once(peers[0], 'end');
  const second = (await dial(life, 'port=80')).socket;
  assert.ok(second && peers[1]);
  peers[1].end();
  second.resume();
  await once(second, 'end');
  second.end();
});
