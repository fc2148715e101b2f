/** SFTP through the API: the upgrade and its refusals, stopped guests, who else needs them, ends. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import { test } from 'node:test';
import { handleOf, noAttributes, packetTypes, sftpClient, string, uint32, uint64 } from '../integration/sftp-wire.ts';
import { addImage, caller, fromImage, type Life, live } from './house.ts';

const writeNew = 2 | 8 | 16;

async function upgrade(life: Life, path: string, headers: Record<string, string>) {
  const connection = await life.server.connect(caller);
  const call = request({ path, headers, createConnection: () => connection as never });
  call.on('error', () => {});
  call.end();
  const { promise, resolve } = Promise.withResolvers<{
    status: number;
    socket?: Duplex;
    upgrade?: string | undefined;
  }>();
  call.once('response', (response) => {
    response.resume();
    resolve({ status: response.statusCode ?? 0 });
  });
  call.once('upgrade', (response, socket) =>
    resolve({ status: response.statusCode ?? 0, socket, upgrade: response.headers.upgrade }),
  );
  return promise;
}

async function dial(life: Life, name = 'web') {
  const {
    socket,
    status,
    upgrade: protocol,
  } = await upgrade(life, `/1.0/instances/${name}/sftp`, {
    Connection: 'Upgrade',
    Upgrade: 'sftp',
  });
  assert.deepEqual([status, protocol], [101, 'sftp']);
  assert.ok(socket);
  return { socket, client: await sftpClient(socket) };
}

async function withInstance(start = false): Promise<Life> {
  const life = await live();
  await addImage(life, 'base');
  await life.must('POST', '/1.0/instances', fromImage('web', { start }));
  return life;
}

const files = (life: Life, name: string) => life.call('GET', `/1.0/instances/web/files?path=${name}`);

test('refusals come before the upgrade', async () => {
  await using life = await withInstance();
  assert.equal(
    (await upgrade(life, '/1.0/instances/none/sftp', { Connection: 'Upgrade', Upgrade: 'sftp' })).status,
    404,
  );
  assert.equal((await life.call('GET', '/1.0/instances/web/sftp')).status, 400);
  assert.equal(
    (await upgrade(life, '/1.0/instances/web/sftp', { Connection: 'Upgrade', Upgrade: 'gopher' })).status,
    400,
  );
  assert.equal((await upgrade(life, '/1.0', { Connection: 'Upgrade', Upgrade: 'sftp' })).status, 200);
});

test('several clients and /files share a stopped guest; nothing stays mounted', async () => {
  await using life = await withInstance();
  const one = await dial(life);
  const two = await dial(life);
  const handle = handleOf(await one.client.ask(packetTypes.open, string('/f'), uint32(writeNew), noAttributes));
  assert.equal(await one.client.status(packetTypes.write, handle, uint64(0), string('both')), 0);
  assert.equal((await files(life, '/f')).text, 'both');
  assert.equal(await two.client.status(packetTypes.remove, string('/f')), 0);
  one.socket.destroy();
  two.client.end();
  assert.equal(await two.client.next(), undefined);
  const start = await life.must('PUT', '/1.0/instances/web/state', { action: 'start' });
  assert.equal(start.status, 'Success');
  assert.deepEqual(
    readdirSync(life.world.mountDirectory).filter((name) => /^[0-9a-f]{12}$/.test(name)),
    [],
  );
  assert.deepEqual(life.bugs, []);
});

test('a start waits for a busy client and ends an idle one', async () => {
  await using life = await withInstance();
  const { client } = await dial(life);
  const closed = client.next();
  await life.must('PUT', '/1.0/instances/web/state', { action: 'start' });
  assert.equal(await closed, undefined);
  const running = await dial(life);
  assert.equal(await running.client.status(packetTypes.mkdir, string('/d'), noAttributes), 0);
});

test('the end of a running guest ends the session', async () => {
  await using life = await withInstance(true);
  const { client } = await dial(life);
  const closed = client.next();
  await life.must('PUT', '/1.0/instances/web/state', { action: 'stop', force: true });
  assert.equal(await closed, undefined);
  assert.deepEqual(life.bugs, []);
});

test('a client that goes away in the middle of an upgrade or a packet holds nothing', async () => {
  await using life = await withInstance();
  for (let at = 0; at < 20; at++) {
    const connection = await life.server.connect(caller);
    connection.write(
      'GET /1.0/instances/web/sftp HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: sftp\r\n\r\n\0\0\0\x05',
    );
    if (at % 2) setImmediate(() => connection.destroy());
    else connection.destroy();
  }
  await life.must('PUT', '/1.0/instances/web/state', { action: 'start' });
  assert.deepEqual(life.bugs, []);
});
