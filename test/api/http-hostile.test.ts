/** Hostile, broken, slow and vanishing clients: the server stays up, its memory bounded, everybody else served. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { lstat, writeFile } from 'node:fs/promises';
import { connect, createServer as createNetServer, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { HostError } from '../../src/lib/host-error.ts';
import { type Fixture, openFixture, root } from './http-fixture.ts';

async function dial(fixture: Fixture): Promise<Socket> {
  const socket = connect(fixture.socketPath);
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

async function readAll(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
  return text;
}

async function speak(fixture: Fixture, bytes: string | Buffer): Promise<string> {
  const socket = await dial(fixture);
  socket.end(bytes);
  return readAll(socket);
}

async function assertAlive(fixture: Fixture): Promise<void> {
  assert.match(await speak(fixture, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'), /^HTTP\/1.1 200 /);
}

const head = (line: string, ...headers: string[]) =>
  `${line} HTTP/1.1\r\n${['Host: x', ...headers].join('\r\n')}\r\n\r\n`;

test('what is not HTTP gets an envelope and the door', async () => {
  await using fixture = await openFixture({ listen: true });
  assert.match(await speak(fixture, 'hello\r\n\r\n'), /^HTTP\/1.1 400 .*"error_code":400/s);
  assert.match(await speak(fixture, head('GET /', `X: ${'y'.repeat(40_000)}`)), /^HTTP\/1.1 431 /);
  assert.match(await speak(fixture, head('POST /1.0/things', 'Content-Length: abc')), /^HTTP\/1.1 400 /);
  await assertAlive(fixture);
});

test('a thousand malformed requests leave the server alive', async () => {
  await using fixture = await openFixture({ listen: true, limits: { headersTimeoutMs: 300, bodyTimeoutMs: 300 } });
  // A small generator of its own, so that a failure can be repeated.
  let seed = 42;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed % below;
  };
  const samples = [
    `${head('POST /1.0/things', 'Content-Type: application/json', 'Content-Length: 12')}{"name":"a"}`,
    head('GET /1.0/things/a%2Fb?x=%zz&y', 'If-Match: "'),
    `${head('PUT /1.0/things/a', 'Transfer-Encoding: chunked')}5\r\n{"a":\r\nffffffff\r\n`,
    head('GET /1.0/socket', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'),
    head('POST /1.0/files', 'Content-Length: 99999999999999999999'),
    head('POST /1.0/things', 'Expect: 100-continue', 'Content-Length: 999'),
    head('GET http://x/1.0/things/a', 'Transfer-Encoding: gzip'),
    head('CONNECT x:1'),
    head('OPTIONS *'),
    head('GET /', 'Upgrade: h2c', 'Connection: Upgrade, HTTP2-Settings'),
  ];
  const mangled = () => {
    const bytes = Buffer.from(samples[random(samples.length)] ?? '', 'latin1');
    for (let i = random(4); i > 0; i--) bytes[random(bytes.length)] = random(256);
    return bytes.subarray(0, 1 + random(bytes.length));
  };
  for (let round = 0; round < 20; round++) {
    await Promise.all(Array.from({ length: 50 }, () => speak(fixture, mangled())));
  }
  await assertAlive(fixture);
  assert.deepEqual(
    fixture.log.filter(({ level }) => level === 'error'),
    [],
  );
});

test('a body of a gigabyte is refused at once with 413, announced or not, and is not read on', async () => {
  await using fixture = await openFixture({ listen: true, limits: { lingerMs: 100 } });
  for (const length of ['Content-Length: 1073741824', 'Transfer-Encoding: chunked']) {
    const socket = await dial(fixture);
    const reply = readAll(socket);
    socket.write(head('POST /1.0/things', 'Content-Type: application/json', length));
    const chunked = length.startsWith('Transfer');
    const piece = Buffer.alloc(65_536, 0x20);
    for (let i = 0; i < 16_384 && !socket.destroyed; i++) {
      const ready = socket.write(
        chunked ? Buffer.concat([Buffer.from('10000\r\n'), piece, Buffer.from('\r\n')]) : piece,
      );
      if (!ready) await once(socket, 'drain', { signal: AbortSignal.timeout(1000) }).catch(() => {});
    }
    const text = await reply;
    assert.match(text, /^HTTP\/1.1 413 .*larger than 4096 KiB/s, length);
    assert.ok(socket.bytesWritten < 40_000_000, `${length}: ${socket.bytesWritten}`);
  }
  await assertAlive(fixture);
});

test('a client that waits for "continue" is refused before it sends anything, or told to go on', async () => {
  await using fixture = await openFixture({ listen: true, limits: { lingerMs: 50 } });
  const refused = await dial(fixture);
  const type = 'Content-Type: application/json';
  refused.write(head('POST /1.0/things', type, 'Content-Length: 99000000', 'Expect: 100-continue'));
  assert.match(await readAll(refused), /^HTTP\/1.1 413 /);
  const welcome = await dial(fixture);
  const body = '{"name":"a"}';
  welcome.write(
    head('POST /1.0/things', type, `Content-Length: ${body.length}`, 'Expect: 100-continue', 'Connection: close'),
  );
  const [first] = await once(welcome, 'data');
  assert.match(String(first), /^HTTP\/1.1 100 /);
  const reply = readAll(welcome);
  welcome.write(body);
  assert.match(await reply, /^HTTP\/1.1 201 /);
});

test('silent connections and headers that drip are cut, bodies that drip too', async () => {
  await using fixture = await openFixture({
    listen: true,
    limits: { headersTimeoutMs: 100, bodyTimeoutMs: 100, lingerMs: 20 },
  });
  const silent = await dial(fixture);
  const dripping = await dial(fixture);
  dripping.write('GET / HTTP/1.1\r\nHo');
  const slowBody = await dial(fixture);
  slowBody.write(head('POST /1.0/things', 'Content-Type: application/json', 'Content-Length: 100'));
  slowBody.write('{"na');
  const [, drip, slow] = await Promise.all([readAll(silent), readAll(dripping), readAll(slowBody)]);
  assert.match(drip, /^HTTP\/1.1 408 /);
  assert.match(slow, /^HTTP\/1.1 400 .*the body took longer than/s);
});

test('five hundred silent connections do not keep others waiting', async () => {
  await using fixture = await openFixture({ listen: true });
  const silent = await Promise.all(Array.from({ length: 500 }, () => dial(fixture)));
  const before = performance.now();
  await assertAlive(fixture);
  assert.ok(performance.now() - before < 2000);
  for (const socket of silent) socket.destroy();
});

test('a client that goes away aborts its call', async () => {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const started = Promise.withResolvers<void>();
  await using fixture = await openFixture({
    listen: true,
    handlers: {
      'GET /1.0/wait': async ({ signal }) => {
        started.resolve();
        await once(signal, 'abort');
        resolve(signal.reason);
        return {};
      },
    },
  });
  const socket = await dial(fixture);
  socket.write(head('GET /1.0/wait'));
  await started.promise;
  socket.destroy();
  assert.match(String(await promise), /the client went away/);
  await assertAlive(fixture);
});

test('an upload that breaks off reaches the handler as an error', async () => {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const started = Promise.withResolvers<void>();
  await using fixture = await openFixture({
    listen: true,
    handlers: {
      'POST /1.0/files': async ({ stream }) => {
        try {
          for await (const _ of stream ?? []) started.resolve();
        } catch (error) {
          resolve(error);
          throw error;
        }
        return {};
      },
    },
  });
  const socket = await dial(fixture);
  socket.write(`${head('POST /1.0/files', 'Content-Length: 1000')}abc`);
  await started.promise;
  socket.destroy();
  assert.ok((await promise) instanceof Error);
});

test('a reader that takes nothing costs bounded memory and is cut in the end', async () => {
  let produced = 0;
  async function* endless() {
    for (;;) {
      produced += 65_536;
      yield Buffer.alloc(65_536);
    }
  }
  const { promise, resolve } = Promise.withResolvers<void>();
  await using fixture = await openFixture({
    listen: true,
    limits: { stalledReaderTimeoutMs: 100 },
    handlers: { 'GET /1.0/files/{kind}': () => ({ body: Readable.from(endless()).once('close', resolve) }) },
  });
  const socket = await dial(fixture);
  socket.pause();
  socket.write(head('GET /1.0/files/x'));
  await promise;
  assert.ok(produced < 8_000_000, String(produced));
  socket.destroy();
});

test('closing lets a running request finish, and cuts one that does not', async () => {
  const release = Promise.withResolvers<void>();
  const entered = Promise.withResolvers<void>();
  const fixture = await openFixture({
    listen: true,
    handlers: {
      'GET /1.0/wait': async () => {
        entered.resolve();
        await release.promise;
        return {};
      },
      'GET /1.0/files/{kind}': () => new Promise(() => {}),
    },
  });
  const waiting = await dial(fixture);
  waiting.write(head('GET /1.0/wait'));
  const stuck = await dial(fixture);
  stuck.write(head('GET /1.0/files/x'));
  await entered.promise;
  const closed = fixture[Symbol.asyncDispose]();
  release.resolve();
  const reply = await readAll(waiting);
  assert.match(reply, /^HTTP\/1.1 200 .*Connection: close/s);
  assert.equal(await readAll(stuck), '');
  await closed;
  await assert.rejects(lstat(fixture.socketPath));
});

test('the socket has its mode, replaces a dead one, respects a living one and foreign files', async () => {
  await using fixture = await openFixture({ listen: true });
  const { socketPath } = fixture;
  assert.equal((await lstat(socketPath)).mode & 0o777, 0o660);
  await using other = await openFixture();
  const address = { mode: 0o600, socketPath };
  await assert.rejects(other.server.listen(address), /another daemon is listening on .*unix.socket/);
  await assertAlive(fixture);
  const file = `${socketPath}.file`;
  await writeFile(file, 'mine');
  await assert.rejects(other.server.listen({ mode: 0o600, socketPath: file }), /is not a socket/);
  const long = `${socketPath}${'x'.repeat(100)}`;
  await assert.rejects(other.server.listen({ mode: 0o600, socketPath: long }), HostError);
  const stale = `${socketPath}.stale`;
  await leaveStaleSocket(stale);
  await other.server.listen({ mode: 0o600, socketPath: stale });
  assert.equal((await lstat(stale)).mode & 0o777, 0o600);
});

/** A socket file whose owner is gone: the listener is moved away from its name before it closes and unlinks it. */
async function leaveStaleSocket(path: string): Promise<void> {
  const { link, unlink } = await import('node:fs/promises');
  const server = createNetServer();
  server.listen(`${path}.first`);
  await once(server, 'listening');
  await link(`${path}.first`, path);
  await unlink(`${path}.first`);
  server.close();
  await once(server, 'close');
}

test('many in memory at once', async () => {
  await using fixture = await openFixture();
  const ask = () => fixture.server.inject({ identity: root, method: 'GET', url: '/' });
  const replies = await Promise.all(Array.from({ length: 200 }, ask));
  assert.ok(replies.every(({ status }) => status === 200));
});
