/** Websockets of the generic server: refusals before the upgrade, frames, back-pressure, ends. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type ClientOptions, WebSocket } from 'ws';
import type { Channel } from '../../src/api/handlers.ts';
import { type Fixture, openFixture, root } from './http-fixture.ts';

async function dial(fixture: Fixture, path = '/1.0/socket', options: ClientOptions = {}): Promise<WebSocket> {
  const connection = await fixture.server.connect(root);
  return new WebSocket(`ws://gasthof${path}`, { createConnection: () => connection as never, ...options });
}

/** A server that hands its end of the socket to the test. */
async function openPair(options: Parameters<typeof openFixture>[0] = {}) {
  const { promise, resolve } = Promise.withResolvers<Channel>();
  const fixture = await openFixture({ ...options, handlers: { 'GET /1.0/socket': () => resolve } });
  return { fixture, channel: promise };
}

test('an accepted websocket pings at once and carries text and bytes', async () => {
  await using fixture = await openFixture();
  const client = await dial(fixture);
  const [ping] = await once(client, 'ping');
  assert.equal(String(ping), 'keepalive');
  client.send('hello');
  assert.deepEqual(await once(client, 'message').then(([data, binary]) => [String(data), binary]), ['hello', false]);
  client.send(Buffer.from([1, 2, 3]));
  assert.deepEqual(await once(client, 'message').then(([data, binary]) => [[...data], binary]), [[1, 2, 3], true]);
  client.close(1000);
  await once(client, 'close');
});

test('refusals come as ordinary error envelopes before the upgrade', async () => {
  await using fixture = await openFixture();
  const client = await dial(fixture, '/1.0/socket?secret=wrong');
  client.on('error', () => {});
  const [, response] = await once(client, 'unexpected-response');
  assert.equal(response.statusCode, 403);
  assert.equal(JSON.parse(String(await response.setEncoding('utf8').toArray())).error, 'not authorized');
  const elsewhere = await dial(fixture, '/1.0/nosuch');
  elsewhere.on('error', () => {});
  assert.equal((await once(elsewhere, 'unexpected-response'))[1].statusCode, 404);
  const plain = await fixture.server.inject({ identity: root, method: 'GET', url: '/1.0/socket' });
  assert.equal(plain.status, 400);
  assert.match(plain.json().error, /is a websocket/);
});

test('a websocket request on an ordinary route gets the ordinary answer', async () => {
  await using fixture = await openFixture();
  const client = await dial(fixture, '/');
  client.on('error', () => {});
  assert.equal((await once(client, 'unexpected-response'))[1].statusCode, 200);
});

test('frames that arrive before the first listener are kept', async () => {
  const { fixture, channel } = await openPair();
  await using _ = fixture;
  const client = await dial(fixture);
  await once(client, 'open');
  client.send('early');
  const server = await channel;
  await delay(5);
  const { promise, resolve } = Promise.withResolvers<string>();
  server.onMessage((data) => resolve(Buffer.from(data).toString()));
  assert.equal(await promise, 'early');
  client.terminate();
});

test('back-pressure: a reader that stops holds the sender, and goes on where it stopped', async () => {
  const { fixture, channel } = await openPair({ listen: true });
  await using _ = fixture;
  const client = new WebSocket(`ws+unix:${fixture.socketPath}:/1.0/socket`);
  await once(client, 'open');
  client.pause();
  const server = await channel;
  const chunk = Buffer.alloc(64 * 1024);
  let sent = 0;
  while (server.bufferedBytes < 1_000_000) {
    server.sendBinary(chunk);
    sent += chunk.length;
  }
  let drained = false;
  const waiting = server.drained(100_000).then(() => {
    drained = true;
  });
  assert.ok(server.bufferedBytes >= 1_000_000);
  assert.equal(drained, false);
  let received = 0;
  client.on('message', (data: Buffer) => {
    received += data.length;
  });
  client.resume();
  await waiting;
  server.close();
  await once(client, 'close');
  assert.equal(received, sent);
});

test('a peer that never reads is given up when its backlog is full', async () => {
  const { fixture, channel } = await openPair({ listen: true, limits: { websocketBacklogBytes: 2_000_000 } });
  await using _ = fixture;
  const client = new WebSocket(`ws+unix:${fixture.socketPath}:/1.0/socket`);
  client.on('error', () => {});
  await once(client, 'open');
  client.pause();
  const server = await channel;
  const closed = new Promise<void>((resolve) => server.onClose(resolve));
  for (let i = 0; i < 200; i++) server.sendBinary(Buffer.alloc(64 * 1024));
  await closed;
  assert.ok(server.bufferedBytes < 3_000_000, String(server.bufferedBytes));
  await server.drained(1);
  client.terminate();
});

test('a peer that does not answer pings is given up; one that does is kept', async () => {
  const { fixture, channel } = await openPair({ limits: { pingEveryMs: 10, pongTimeoutMs: 60 } });
  await using _ = fixture;
  const client = await dial(fixture, '/1.0/socket', { autoPong: false });
  client.on('error', () => {});
  const server = await channel;
  await new Promise<void>((resolve) => server.onClose(resolve));
  const lively = await dial(fixture);
  let pings = 0;
  await new Promise<void>((resolve) => lively.on('ping', () => ++pings > 12 && resolve()));
  assert.equal(lively.readyState, WebSocket.OPEN);
  lively.terminate();
});

test('a killed client is noticed', async () => {
  const { fixture, channel } = await openPair();
  await using _ = fixture;
  const client = await dial(fixture);
  await once(client, 'open');
  const server = await channel;
  const closed = new Promise<void>((resolve) => server.onClose(resolve));
  client.terminate();
  await closed;
  server.sendText('into the void');
  await new Promise<void>((resolve) => server.onClose(resolve));
});

test('pause stops reading from the peer until resume', async () => {
  const { fixture, channel } = await openPair({ listen: true });
  await using _ = fixture;
  const client = new WebSocket(`ws+unix:${fixture.socketPath}:/1.0/socket`);
  await once(client, 'open');
  const server = await channel;
  let received = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  server.onMessage((data) => {
    received += data.length;
    if (received === 10_000_000) resolve();
  });
  server.pause();
  for (let i = 0; i < 100; i++) client.send(Buffer.alloc(100_000));
  await delay(30);
  assert.ok(received < 1_000_000, String(received));
  assert.ok(client.bufferedAmount > 5_000_000, String(client.bufferedAmount));
  server.resume();
  await promise;
  client.close();
});

test('frames beyond the limit end the connection with 1009', async () => {
  await using fixture = await openFixture({ limits: { websocketMessageBytes: 1000 } });
  const client = await dial(fixture);
  await once(client, 'open');
  client.send(Buffer.alloc(2000));
  assert.equal((await once(client, 'close'))[0], 1009);
});

test('closing the server says goodbye to websockets with 1001', async () => {
  const { fixture, channel } = await openPair();
  const client = await dial(fixture);
  await once(client, 'open');
  await channel;
  const closed = once(client, 'close');
  await fixture[Symbol.asyncDispose]();
  assert.equal((await closed)[0], 1001);
});
