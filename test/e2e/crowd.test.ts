/** A hundred guests at once: twenty launched in parallel at a time, ten Debian among them, all reachable, all gone again. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { promisify } from 'node:util';
import type { InstanceFull } from '../../src/api/resources/instances.ts';
import { importImage, lacking, launch, startDaemon, type TestDaemon } from '../daemon.ts';
import { assertSameCensus, settledCensus } from '../leaks.ts';
import { asUser, insideWords } from '../own-namespaces.ts';
import { change, params } from './kill/requests.ts';

const count = 100;
/** With systemd a guest takes some 16 inotify instances, which the kernel counts together for all guests of an ordinary user. */
const debiansAtMost = asUser ? Number(readFileSync('/proc/sys/fs/inotify/max_user_instances', 'utf8')) / 16 : count;
const debians = Math.min(10, Math.floor(debiansAtMost));
const sideBySide = 20;

const run = promisify(execFile);
const names = Array.from({ length: count }, (_, index) => `guest${index}`);
const imageOf = (index: number) => (index % 10 === 0 && index < 10 * debians ? 'debian' : 'busybox');

/** Works off all names, `sideBySide` at a time. Returns the seconds that it took. */
async function all(work: (name: string, index: number) => Promise<unknown>): Promise<number> {
  const began = performance.now();
  const waiting = names.entries();
  const worker = async () => {
    for (const [index, name] of waiting) await work(name, index);
  };
  await Promise.all(Array.from({ length: sideBySide }, worker));
  return Math.round(performance.now() - began) / 1000;
}

/** Own memory of a process, KiB, with its share of what it shares. */
const memoryKib = (pid: number) =>
  Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0);

const list = async ({ client }: TestDaemon) =>
  (await client.call('GET /1.0/instances', { query: { recursion: '2' } })) as InstanceFull[];

test('100 guests run at once, twenty launched in parallel, and nothing of them is left (A05, B10)', {
  skip: lacking(),
  timeout: 300_000,
}, async (t) => {
  await using daemon = await startDaemon();
  await importImage(daemon, 'busybox', 'busybox');
  await importImage(daemon, 'debian12', 'debian');
  // Once each: the trees are unpacked, and lie there before and after.
  for (const alias of ['busybox', 'debian']) {
    await launch(daemon, 'first', alias);
    await change(daemon.client, 'first', 'stop', { force: true });
    await daemon.client.operation('DELETE /1.0/instances/{name}', params('first'));
  }
  const before = await settledCensus(daemon);
  const daemonBefore = memoryKib(daemon.pid);

  const launched = await all((name, index) => launch(daemon, name, imageOf(index)));
  const guests = await list(daemon);
  assert.equal(guests.length, count);
  assert.deepEqual(
    guests.filter(({ status }) => status !== 'Running').map(({ name }) => name),
    [],
  );

  const addresses = guests.flatMap(({ state }) =>
    (state?.network?.eth0?.addresses ?? []).filter(({ scope }) => scope === 'global').map(({ address }) => address),
  );
  assert.equal(addresses.length, 2 * count);
  assert.equal(new Set(addresses).size, 2 * count, 'an address was given twice');
  const ranges = guests.map(({ state }) => readFileSync(`/proc/${state?.pid}/uid_map`, 'utf8').trim());
  // Guests of an ordinary user share theirs.
  assert.equal(new Set(ranges).size, asUser ? 1 : count, 'a range of ids was given twice');

  const unanswered: string[] = [];
  const pinged = await all(async (_, index) => {
    for (const address of addresses.slice(2 * index, 2 * index + 2))
      await run('env', [...insideWords(daemon.directory), 'ping', '-c1', '-w20', address]).catch(() =>
        unanswered.push(address),
      );
  });
  assert.deepEqual(unanswered, []);

  const began = performance.now();
  for (let round = 0; round < 5; round++) await list(daemon);
  const listMs = (performance.now() - began) / 5;
  const conmonKib = guests.reduce((sum, { state }) => sum + memoryKib(parentOf(state?.pid ?? 0)), 0) / count;
  t.diagnostic(`${debians} of ${count} with Debian`);
  t.diagnostic(`${count} launched in ${launched} s (${(count / launched).toFixed(1)} per second)`);
  t.diagnostic(`all pinged in ${pinged} s; list with recursion=2: ${listMs.toFixed(1)} ms`);
  t.diagnostic(`daemon ${(daemonBefore / 1024).toFixed(0)} -> ${(memoryKib(daemon.pid) / 1024).toFixed(0)} MiB`);
  t.diagnostic(`supervisor per guest: ${conmonKib.toFixed(0)} KiB`);

  const stopped = await all((name) => change(daemon.client, name, 'stop', { force: true }));
  const deleted = await all((name) => daemon.client.operation('DELETE /1.0/instances/{name}', params(name)));
  t.diagnostic(`stopped in ${stopped} s, deleted in ${deleted} s`);
  assert.deepEqual(await daemon.client.call('GET /1.0/instances'), []);
  await assertSameCensus(before, daemon, 'after the crowd');
});

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
}
