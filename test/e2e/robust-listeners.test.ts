/** Hundreds of listeners, of which many do not read, and hundreds of half requests: others do not notice. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { lacking, startDaemon, type TestDaemon } from '../daemon.ts';
import { dial, dialWebSocket, latency, openFiles, residentMib, until } from './robust/wire.ts';

const listeners = 500;
const deaf = 100;
const slow = 50;
const events = 400;

/** Each change of the profile is an event. */
async function makeEvents({ client }: TestDaemon): Promise<number> {
  const began = performance.now();
  for (let n = 0; n < events; n++)
    await client.call('PATCH /1.0/profiles/{name}', {
      params: { name: 'default' },
      body: { description: `${n} ${'x'.repeat(1000)}` },
    });
  return (performance.now() - began) / events;
}

test('500 event listeners, 100 of them deaf and 50 slow, slow nobody down', {
  skip: lacking(),
  timeout: 180_000,
}, async (t) => {
  await using daemon = await startDaemon();
  await latency(daemon, 300);
  const [quiet, quietFiles] = [await latency(daemon), openFiles(daemon.pid)];
  const eventMs = await makeEvents(daemon);
  const quietMib = residentMib(daemon.pid);

  const sockets: Socket[] = [];
  const heard = new Map<Socket, number>();
  for (let n = 0; n < listeners; n++) {
    const socket = await dialWebSocket(daemon, '/1.0/events?all-projects=true');
    sockets.push(socket);
    if (n < deaf) continue;
    heard.set(socket, 0);
    if (n < deaf + slow) {
      const timer = setInterval(() => {
        heard.set(socket, (heard.get(socket) ?? 0) + ((socket.read(256) as Buffer | null) ?? '').length);
      }, 100);
      socket.once('close', () => clearInterval(timer));
      socket.on('readable', () => {});
    } else socket.on('data', (bytes) => heard.set(socket, (heard.get(socket) ?? 0) + bytes.length)).resume();
  }
  await t.test('answers stay fast while they listen', async () => {
    const busy = await latency(daemon);
    t.diagnostic(`answers, ms: ${JSON.stringify(quiet)} alone, ${JSON.stringify(busy)} with ${listeners} listeners`);
    assert.ok(busy.p50 < quiet.p50 * 4 + 30, `p50 ${quiet.p50} -> ${busy.p50} ms`);
    assert.ok(busy.p95 < quiet.p95 * 6 + 100, `p95 ${quiet.p95} -> ${busy.p95} ms`);
  });
  await t.test('events reach those who read, and memory stays bounded', async () => {
    const busyMs = await makeEvents(daemon);
    const busyMib = residentMib(daemon.pid);
    t.diagnostic(`a change, ms: ${eventMs.toFixed(1)} alone, ${busyMs.toFixed(1)} with listeners`);
    t.diagnostic(`daemon: ${quietMib.toFixed(0)} -> ${busyMib.toFixed(0)} MiB`);
    assert.ok(busyMs < eventMs * 10 + 100, `${eventMs} -> ${busyMs} ms`);
    assert.ok(busyMib < quietMib + 150, `${quietMib} -> ${busyMib} MiB`);
    const reading = sockets.slice(deaf + slow);
    await until(() => reading.every((socket) => (heard.get(socket) ?? 0) > events * 100), 'all who read have heard');
  });
  await t.test('they go, and nothing of them stays', async () => {
    for (const socket of sockets) socket.destroy();
    await until(() => openFiles(daemon.pid) <= quietFiles, 'their connections are closed');
    const after = await latency(daemon);
    assert.ok(after.p50 < quiet.p50 * 4 + 30, `p50 ${quiet.p50} -> ${after.p50} ms`);
  });
  await t.test('200 half requests are cut after a while, and others do not wait for them', async () => {
    const halves = [
      'GET /1.0 HTTP/1.1\r\nHost: x\r\n',
      'POST /1.0/profiles HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"na',
      'GET',
      '',
    ];
    const open = await Promise.all(
      Array.from({ length: 200 }, async (_, n) => {
        const socket = await dial(daemon);
        socket.write(halves[n % halves.length] ?? '');
        return socket.resume();
      }),
    );
    const busy = await latency(daemon);
    assert.ok(busy.p50 < quiet.p50 * 4 + 30, `p50 ${quiet.p50} -> ${busy.p50} ms`);
    await until(() => open.every((socket) => socket.closed), 'the daemon has cut them');
    await until(() => openFiles(daemon.pid) <= quietFiles, 'nothing of them is open');
    assert.deepEqual(await daemon.client.call('GET /1.0/profiles'), ['/1.0/profiles/default']);
  });
});
