/** Limits hold, change live or are refused as a whole; memory kills are told with their cause (cgroup v1 here). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { EngineEvent } from '../../src/core/ports/engine.ts';
import { command, nextEnd, outcome, running } from '../contract/engine.suite.ts';
import { eventually, lacking, openCrunLab } from './engine-lab.ts';

const id = '0123456789ab';
const skip = lacking();
const mib = 2 ** 20;
const hog = ['sh', '-c', 'tail /dev/zero'];

test('a process killed for memory is told, the guest goes on, each kill is told once', { skip }, async () => {
  await using lab = await openCrunLab();
  const { engine } = lab;
  const events: EngineEvent[] = [];
  using _watch = engine.watch((event) => void events.push(event));
  await running(engine, lab.spec(id, { limits: { memoryBytes: 32 * mib, swap: false } }));
  for (const count of [1, 2]) {
    assert.equal((await outcome(await engine.exec(id, command(...hog))))[1], 137);
    await eventually('the event', () => events.length === count);
    assert.deepEqual(events.at(-1), { type: 'oom', id });
  }
  assert.equal((await engine.observe())[0]?.state, 'running');
});

test('an init killed for memory ends with the cause "oom"', { skip }, async () => {
  await using lab = await openCrunLab();
  const ended = nextEnd(lab.engine, id);
  const init = ['/bin/tail', '/dev/zero'];
  await running(lab.engine, lab.spec(id, { init, limits: { memoryBytes: 32 * mib, swap: false } }));
  assert.deepEqual(await ended, { type: 'ended', id, cause: { kind: 'oom' } });
});

test('a forced stop right after a memory kill is no "oom"', { skip }, async () => {
  await using lab = await openCrunLab();
  await running(lab.engine, lab.spec(id, { limits: { memoryBytes: 32 * mib, swap: false } }));
  await outcome(await lab.engine.exec(id, command(...hog)));
  const ended = nextEnd(lab.engine, id);
  await lab.engine.kill(id);
  assert.deepEqual(await ended, { type: 'ended', id, cause: { kind: 'killed', signal: 'SIGKILL' } });
});

test('the number of processes is limited', { skip }, async () => {
  await using lab = await openCrunLab();
  await running(lab.engine, lab.spec(id, { limits: { processes: 12 } }));
  const bomb = 'i=0; while [ $i -lt 40 ]; do sleep 5 & i=$((i+1)); done; true';
  await outcome(await lab.engine.exec(id, command('sh', '-c', bomb)));
  assert.ok((await lab.engine.usage(id)).processes <= 12);
});

test('processor time: the quota throttles, a CPU count pins', { skip }, async () => {
  await using lab = await openCrunLab();
  const { engine } = lab;
  await running(engine, lab.spec(id, { limits: { cpuCount: 1, cpuQuota: { quotaUs: 20_000, periodUs: 100_000 } } }));
  assert.equal((await outcome(await engine.exec(id, command('nproc'))))[0], '1\n');
  const before = await engine.usage(id);
  const begun = Date.now();
  const busy = await engine.exec(id, command('sh', '-c', 'while true; do :; done'));
  await eventually('time spent', async () => (await engine.usage(id)).cpuNs - before.cpuNs > 60e6);
  const elapsedNs = (Date.now() - begun) * 1e6;
  assert.ok((await engine.usage(id)).cpuNs - before.cpuNs < elapsedNs * 0.5);
  busy.kill();
  await busy.exitCode;
});

test('live changes are all or nothing', { skip }, async () => {
  await using lab = await openCrunLab();
  const { engine } = lab;
  const limits = { memoryBytes: 64 * mib, processes: 50, swap: false };
  await running(engine, lab.spec(id, { limits }));
  const file = (controller: string, name: string) =>
    readFileSync(`/sys/fs/cgroup/${controller}/${lab.cgroupParent}/${id}/${name}`, 'utf8').trim();
  await engine.update(id, { memoryBytes: 128 * mib, processes: 60 });
  assert.equal(file('memory', 'memory.limit_in_bytes'), String(128 * mib));
  assert.equal(file('pids', 'pids.max'), '60');
  // 10 us is below what the kernel allows as a quota; the memory limit before it must come back.
  await assert.rejects(
    engine.update(id, { memoryBytes: 100 * mib, processes: 70, cpuQuota: { quotaUs: 10, periodUs: 100_000 } }),
    /limits.cpu.allowance/,
  );
  assert.equal(file('memory', 'memory.limit_in_bytes'), String(128 * mib));
  assert.equal(file('pids', 'pids.max'), '60');
  await engine.update(id, {});
  assert.equal(file('pids', 'pids.max'), 'max');
});

test('a memory limit below what is in use is refused with the reason', { skip }, async () => {
  await using lab = await openCrunLab();
  const { engine } = lab;
  await running(engine, lab.spec(id, { limits: { memoryBytes: 256 * mib } }));
  // Files on a tmpfs are memory that cannot be given back.
  await outcome(await engine.exec(id, command('sh', '-c', 'head -c 60000000 /dev/zero >/run/big')));
  await assert.rejects(engine.update(id, { memoryBytes: 16 * mib }), /limits.memory.*in use/);
  assert.equal((await engine.usage(id)).memoryLimitBytes, 256 * mib);
});

test('CPUs that the host does not have are refused by create and leave nothing', { skip }, async () => {
  await using lab = await openCrunLab();
  await assert.rejects(lab.engine.create(lab.spec(id, { limits: { cpuSet: '0,4000' } })), /does not have/);
  assert.deepEqual(await lab.engine.observe(), []);
});

test('processes, network cards and the root of a guest can be looked at from outside', { skip }, async () => {
  await using lab = await openCrunLab();
  const { engine } = lab;
  await running(engine, lab.spec(id));
  await eventually('the shell', async () => (await engine.processes(id)).length >= 2);
  const [init] = (await engine.processes(id)).filter(({ pid }) => pid === 1);
  assert.ok(init && init.uid === 0 && init.command.includes('init') && init.memoryBytes > 0);
  const loopback = (await engine.nics(id)).find(({ name }) => name === 'lo');
  assert.equal(loopback?.mtu, 65_536);
  assert.match(readFileSync(`${await engine.rootPath(id)}/etc/inittab`, 'utf8'), /booted/);
});
