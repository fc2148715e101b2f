/** Lists stay fast: a thousand instances with fifty thousand snapshots, over a real socket to another process. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import type { InstanceFull } from '../../src/api/resources/instances.ts';
import { routes } from '../../src/api/routes.ts';
import { createHandlers } from '../../src/core/handlers.ts';
import { allInstances } from '../../src/core/instances/find.ts';
import { createHttpServer } from '../../src/http/http-server.ts';
import { caller, createWorld, live } from './house.ts';
import { fillWorld } from './scale.ts';

const run = promisify(execFile);

/** A client in a process of its own; prints milliseconds and bytes of each call. */
const client = `
const { connect } = require('node:net');
const [socketPath, path] = process.argv.slice(1);
const buffer = Buffer.alloc(1 << 20);
const call = (left) => {
  const began = performance.now();
  let bytes = 0;
  const onread = { buffer, callback: (size) => { bytes += size; return true; } };
  const socket = connect({ path: socketPath, onread });
  socket.write('GET ' + path + ' HTTP/1.1\\r\\nHost: gasthof\\r\\nConnection: close\\r\\n\\r\\n');
  socket.on('close', () => {
    console.log(performance.now() - began, bytes);
    if (left > 1) call(left - 1);
  });
};
call(15);
`;

/**
 * The best of several calls. Other work on the machine makes the clock on the wall go on without us: where the daemon's
 * own processor time is less, that counts. Other test files run beside this one: there is a quieter moment among many.
 */
async function bestMs(socket: string, path: string, enoughMs: number): Promise<{ ms: number; bytes: number }> {
  let best = { ms: Number.POSITIVE_INFINITY, bytes: 0 };
  for (let round = 0; round < 6 && best.ms > enoughMs; round += 1) {
    const before = process.cpuUsage();
    const { stdout } = await run(process.execPath, ['-e', client, socket, path]);
    const { user, system } = process.cpuUsage(before);
    const calls = stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' ').map(Number));
    const ownMs = (user + system) / 1000 / calls.length;
    for (const [ms = 0, bytes = 0] of calls)
      if (Math.min(ms, ownMs) < best.ms) best = { ms: Math.min(ms, ownMs), bytes };
  }
  return best;
}

async function filled(instances: number, snapshotsEach: number) {
  const world = createWorld();
  await (await live(world))[Symbol.asyncDispose]();
  await fillWorld(world, { instances, snapshotsEach });
  const life = await live(world);
  const directory = mkdtempSync(join(tmpdir(), 'gast-scale-'));
  const socket = join(directory, 's');
  const server = createHttpServer({
    routes,
    handlers: createHandlers(life.house, { shutdown: () => {} }),
    identify: () => caller,
    authorize: () => {},
    log: ({ message }) => assert.fail(message),
  });
  await server.listen({ socketPath: socket, mode: 0o600 });
  return {
    life,
    socket,
    async [Symbol.asyncDispose]() {
      await server.close();
      await life[Symbol.asyncDispose]();
      world[Symbol.dispose]();
      rmSync(directory, { recursive: true });
    },
  };
}

test('1,000 instances with 50,000 snapshots are listed whole within 100 ms, a page of them within 20', async (t) => {
  await using house = await filled(1000, 50);
  const whole = await bestMs(house.socket, '/1.0/instances?recursion=2', 100);
  const page = await bestMs(house.socket, '/1.0/instances?recursion=2&limit=50&offset=500', 20);
  t.diagnostic(
    `whole: ${whole.ms.toFixed(1)} ms for ${(whole.bytes / 1e6).toFixed(0)} MB; page of 50: ${page.ms.toFixed(1)} ms`,
  );
  assert.ok(whole.bytes > 50e6 && page.bytes > 2.5e6, 'all snapshots are in it');
  assert.ok(whole.ms <= 100, `${whole.ms} ms`);
  assert.ok(page.ms <= 20, `${page.ms} ms`);
});

test('200 instances are listed with their state within 10 ms', async (t) => {
  await using house = await filled(200, 0);
  const pool = house.life.house.pools.get('default');
  for (const { id } of allInstances(house.life.house)) await pool?.volumes.createEmpty(id);
  const { ms } = await bestMs(house.socket, '/1.0/instances?recursion=2', 10);
  t.diagnostic(`${ms.toFixed(1)} ms`);
  assert.ok(ms <= 10, `${ms} ms`);
});

test('a list from kept texts shows what has changed since', async () => {
  await using house = await filled(3, 2);
  const { life } = house;
  const names = async (url = '/1.0/instances?recursion=2') =>
    (await life.get<InstanceFull[]>(url)).map(
      ({ name, snapshots }) => `${name}: ${(snapshots ?? []).map((snapshot) => snapshot.name).join(' ')}`,
    );
  assert.deepEqual(await names(), ['c0: snap0 snap1', 'c1: snap0 snap1', 'c2: snap0 snap1']);
  await life.must('DELETE', '/1.0/instances/c1/snapshots/snap0');
  await life.must('DELETE', '/1.0/instances/c1/snapshots/snap1');
  await life.must('POST', '/1.0/instances/c2/snapshots/snap1', { name: 'other' });
  assert.deepEqual(await names(), ['c0: snap0 snap1', 'c1: ', 'c2: snap0 other']);
  await life.call('PATCH', '/1.0/profiles/default', { config: { 'user.tag': 'new' } });
  const full = await life.get<InstanceFull[]>('/1.0/instances?recursion=2');
  assert.equal(full[0]?.snapshots?.[0]?.expanded_config?.['user.tag'], 'new');
  assert.deepEqual(await names('/1.0/instances?recursion=2&offset=1&limit=1'), ['c1: ']);
  assert.deepEqual(await names('/1.0/instances?recursion=2&limit=1&filter=name+ne+c0'), ['c1: ']);
  assert.equal((await life.call('GET', '/1.0/instances?limit=many')).status, 400);
});
