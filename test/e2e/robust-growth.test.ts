/** A daemon that works for long neither grows nor keeps files open. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { importImage, lacking, launch, startDaemon, type TestDaemon } from '../daemon.ts';
import { assertSameCensus, settledCensus } from '../leaks.ts';
import { openFiles, residentMib, until } from './robust/wire.ts';

const rounds = Number(process.env.GASTHOF_GROWTH_ROUNDS ?? 9);
/** Longer than the daemon's own rest after work, in which it gives memory back. */
const restMs = 3000;

/** The whole life of a guest: made, used, gone. */
async function oneLife({ client }: TestDaemon, name: string): Promise<void> {
  const params = { name };
  const content = Buffer.alloc(512 * 1024, name);
  for (let n = 0; n < 3; n++) {
    await client.operation('POST /1.0/instances/{name}/exec', {
      params,
      body: { command: ['cat', '/etc/hostname'], 'record-output': true },
    });
    await (
      await client.raw('POST /1.0/instances/{name}/files', {
        params,
        query: { path: `/root/f${n}` },
        headers: { 'Content-Type': 'application/octet-stream' },
        upload: content,
      } as never)
    ).resume();
  }
  await client.operation('POST /1.0/instances/{name}/snapshots', { params, body: { name: 's' } });
  await client.operation('PUT /1.0/instances/{name}/state', { params, body: { action: 'stop', force: true } });
  await client.operation('DELETE /1.0/instances/{name}', { params });
}

test(`${rounds} lives of guests, and the daemon is as it was`, { skip: lacking(), timeout: 300_000 }, async (t) => {
  await using daemon = await startDaemon();
  await importImage(daemon, 'busybox', 'bb');
  const some = async (count: number) => {
    for (let n = 0; n < count; n++) {
      await launch(daemon, `g${n}`, 'bb');
      await oneLife(daemon, `g${n}`);
    }
    await delay(restMs);
    return residentMib(daemon.pid);
  };
  // Code that runs for the first time stays; that is no growth.
  await some(Math.ceil(rounds / 3));
  const [before, files] = [await settledCensus(daemon), openFiles(daemon.pid)];
  const first = await some(rounds);
  const second = await some(rounds);
  t.diagnostic(`daemon after ${rounds} lives: ${first.toFixed(1)} MiB, after as many again: ${second.toFixed(1)} MiB`);
  assert.ok(second < first + 30, `${first} -> ${second} MiB`);
  await until(() => openFiles(daemon.pid) <= files, `not more than ${files} open files`);
  await assertSameCensus(before, daemon, 'after many lives');
});
