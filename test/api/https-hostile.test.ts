/** Bad peers at the HTTPS door: they cost a socket for some seconds and nothing else. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { createTlsDoor } from '../../src/http/tls-door.ts';
import { HostError } from '../../src/lib/host-error.ts';
import { fingerprintOf, makeSelfSigned } from '../../src/lib/self-signed-certificate.ts';
import { live } from './house.ts';
import { tlsClient } from './tls-client.ts';
import { freePort, open } from './trust-fixture.ts';

const pair = makeSelfSigned({ commonName: 'x', organization: 'x', hosts: [], from: new Date(0), years: 100 });
const own = () => ({ ...pair, fingerprint: fingerprintOf(Buffer.from(pair.certificate)) });

const ended = (socket: Socket) =>
  new Promise<void>((resolve) => {
    socket.on('error', () => {});
    socket.resume();
    socket.once('close', () => resolve());
  });
const secure = (port: number, options: ConnectionOptions = {}) =>
  new Promise<TLSSocket>((resolve, reject) => {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options }, () =>
      resolve(socket),
    );
    socket.once('error', reject);
  });

/** A door with a plain HTTP server behind it. */
async function openDoor(options: Partial<Parameters<typeof createTlsDoor>[0]> = {}) {
  const door = createTlsDoor({ own, handshakeTimeoutMs: 200, ...options });
  const server = createServer((_request, response) => response.end('hello'));
  door.serve((connection) => server.emit('connection', connection));
  const port = await freePort();
  await door.move(`127.0.0.1:${port}`);
  return { door, port, [Symbol.asyncDispose]: () => door[Symbol.asyncDispose]() };
}

test('who says nothing, or half of a handshake, is cut after the time', async () => {
  await using there = await openDoor();
  const silent = connect(there.port, '127.0.0.1');
  const half = connect(there.port, '127.0.0.1');
  // The beginning of a ClientHello of 512 bytes.
  half.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00]));
  await Promise.all([ended(silent), ended(half)]);
  const socket = await secure(there.port);
  socket.destroy();
});

test('what is no TLS is cut, and others do not notice', async () => {
  await using there = await openDoor({ handshakeTimeoutMs: 10_000 });
  const garbage = ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', '\0'.repeat(4096), Buffer.from('ff'.repeat(2000), 'hex')];
  await Promise.all(
    garbage.map((bytes) => {
      const socket = connect(there.port, '127.0.0.1');
      socket.write(bytes);
      return ended(socket);
    }),
  );
  const socket = await secure(there.port);
  assert.equal(socket.getProtocol(), 'TLSv1.3');
  socket.destroy();
});

test('old versions of TLS are refused', async () => {
  await using there = await openDoor();
  await assert.rejects(secure(there.port, { maxVersion: 'TLSv1.2' }));
});

test('connections beyond the limit are refused, and there is room again afterwards', async () => {
  await using there = await openDoor({ connections: 2, handshakeTimeoutMs: 10_000 });
  const first = await secure(there.port);
  const second = await secure(there.port);
  await assert.rejects(secure(there.port));
  first.destroy();
  for (;;) {
    const third = await secure(there.port).catch(() => undefined);
    if (third === undefined) continue;
    third.destroy();
    break;
  }
  second.destroy();
});

test('a door moves, also to another host with the same port; when it cannot, it stays', async () => {
  await using there = await openDoor();
  const { door, port } = there;
  await door.move(`127.0.0.2:${port}`);
  assert.equal(door.address, `127.0.0.2:${port}`);
  await assert.rejects(secure(port));
  await door.move(`0.0.0.0:${port}`);
  const kept = await secure(port);
  const refused = (error: unknown) => error instanceof HostError && /does not have the address/.test(error.message);
  await assert.rejects(door.move(`192.0.2.1:${port}`), refused);
  assert.equal(door.address, `0.0.0.0:${port}`);
  (await secure(port)).destroy();
  await door.move(undefined);
  assert.equal(door.address, undefined);
  await assert.rejects(secure(port));
  // Who is inside stays inside.
  kept.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  let text = '';
  for await (const part of kept) text += part;
  assert.match(text, /200 OK[\s\S]*hello$/);
});

test('two moves at once: the last one counts, and no listener is left over', async () => {
  await using there = await openDoor();
  const [one, two] = [await freePort(), await freePort()];
  await Promise.all([there.door.move(`127.0.0.1:${one}`), there.door.move(`127.0.0.1:${two}`)]);
  assert.equal(there.door.address, `127.0.0.1:${two}`);
  await assert.rejects(secure(one));
  await assert.rejects(secure(there.port));
  (await secure(two)).destroy();
});

test('a client that goes away in the middle of its request leaves nothing behind', async () => {
  await using life = await live();
  const { port, client } = await open(life);
  const socket = await secure(port);
  socket.write(
    'POST /1.0/certificates HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{',
  );
  socket.end();
  await ended(socket);
  const cut = await secure(port);
  cut.write('GET /1.0 HTTP/1.1\r\nHost: x\r\n');
  cut.destroy();
  using other = client();
  assert.equal((await other.call('GET', '/1.0')).status, 200);
  assert.deepEqual(life.bugs, []);
});

test('a websocket over TLS: strangers are refused, a wrong secret too', async () => {
  await using life = await live();
  const { port } = await open(life);
  for (const path of ['/1.0/events', '/1.0/operations/x/websocket?secret=abc']) {
    const socket = await secure(port);
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}\r\n\r\n`,
    );
    let text = '';
    for await (const part of socket) text += part;
    assert.match(text, /^HTTP\/1.1 40[34] /);
  }
});

test('the address of the config is opened before it is stored; a refused one changes nothing', async () => {
  await using life = await live();
  const { port } = await open(life);
  using _unused = tlsClient(() => port);
  for (const address of ['192.0.2.1:8443', 'nonsense:port', ':0', ':70000', 'https://x:1', '[::1']) {
    const reply = await life.call('PATCH', '/1.0', { config: { 'core.https_address': address } });
    assert.ok(reply.status >= 400, address);
    const { config } = await life.get<{ config: Record<string, string> }>('/1.0');
    assert.equal(config['core.https_address'], `127.0.0.1:${port}`);
  }
  (await secure(port)).destroy();
});
