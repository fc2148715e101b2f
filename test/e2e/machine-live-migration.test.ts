/** A virtual machine that runs goes from one server to another; whoever refuses or is killed, it runs at one of them (M12, I06). */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Operation } from '../../src/api/resources/operations.ts';
import { lacking as lackingDaemon, startDaemon, type TestDaemon } from '../daemon.ts';
import { eventually } from '../integration/engine-lab.ts';
import { assertUnbroken, ticksIn } from '../integration/machine-ticks.ts';
import { lacking as lackingMachines } from '../integration/qemu-lab.ts';
import { runGast } from './gast.ts';
import { bundleDaemon } from './kill/bundle.ts';
import { arm, type SeenStep } from './kill/kill-point.ts';
import { answers, direct, small } from './machine-words.ts';
import { openHome } from './remote-home.ts';

const receiving = 'receive its memory and its disk';
const goingOn = 'let it go on here';

test('a machine that runs goes to another server', {
  skip: lackingDaemon() || lackingMachines(),
  timeout: 900_000,
}, async (t) => {
  using bundle = await bundleDaemon();
  const armed = { env: { GASTHOF_ENTRY: bundle.path } };
  await using first = await startDaemon(armed);
  await using second = await startDaemon(armed);
  const logs = () => [first, second].map((daemon) => daemon.log().split('\n').slice(-20).join('\n')).join('\n--\n');
  using home = openHome(first, logs);
  const { env, gast, meet } = home;
  const tried = (...words: string[]) => runGast(env, words);
  const refused = async (...words: string[]) => {
    const { code, stderr } = await tried(...words);
    assert.notEqual(code, 0, stderr);
    return stderr;
  };
  const inside = (name: string, script: string) => gast('exec', name, '-T', '-n', '--', 'sh', '-c', script);
  const consoleOf = async (name: string) => gast('console', name, '--show-log');
  const status = (name: string) => gast('list', name, '-f', 'csv', '-c', 's');
  const layers = (daemon: TestDaemon) => readdirSync(join(daemon.directory, 'pools/default/disks/layers')).length;
  const ticksOf = async (name: string) => ticksIn(await consoleOf(name)).length;
  const ticksOn = async (name: string) => {
    const before = await ticksOf(name);
    await eventually(`${name} counts on`, async () => (await ticksOf(name)) > before + 10, 60_000);
  };
  const sum = (name: string) => inside(name, 'dd if=/dev/vda bs=1M count=24 2>/dev/null | md5sum');
  /** The last operation of its kind, which stays readable for some seconds. */
  const downtimeOf = async (daemon: TestDaemon) => {
    const grouped = (await daemon.client.call('GET /1.0/operations', { query: { recursion: '1' } })) as unknown;
    const all = Object.values(grouped as Record<string, Operation[]>).flat();
    return all.find(({ metadata }) => metadata?.downtime_ms !== undefined)?.metadata?.downtime_ms as number;
  };
  const tell = async (how: string, daemon: TestDaemon) => {
    const ms = await downtimeOf(daemon);
    assert.ok(ms >= 0 && ms < 10_000, `${ms}`);
    process.stdout.write(`# ${how}: stood still for ${ms} ms\n`);
  };
  /** Those that stand. */
  const warningsOf = async (daemon: TestDaemon) => {
    const all = (await daemon.client.call('GET /1.0/warnings', { query: { recursion: '1' } })) as {
      status: string;
      type: string;
    }[];
    return all
      .flatMap(({ status, type }) => (status === 'new' && /run on another server/.test(type) ? [type] : []))
      .join();
  };
  let bytes = '';
  let boot = '';

  await t.test('the machine, with a snapshot and a card', async () => {
    await meet(second, 'otto');
    await meet(first, 'karl');
    await gast('init', '--vm', '--empty', 'vm', ...small, ...direct);
    await gast('start', 'vm');
    await answers(env, 'vm');
    await inside('vm', 'dd if=/dev/urandom of=/dev/vda bs=1M count=24 conv=fsync,notrunc 2>/dev/null');
    await gast('snapshot', 'create', 'vm', 'one');
    await inside(
      'vm',
      '(i=0; while :; do i=$((i+1)); echo "tick $i"; printf %-16s $i | dd of=/dev/vda bs=1M seek=40 conv=notrunc 2>/dev/null; sleep 0.05; done) >/dev/ttyS0 2>/dev/null </dev/null &',
    );
    bytes = await sum('vm');
    boot = await inside('vm', 'cat /proc/sys/kernel/random/boot_id');
    await ticksOn('vm');
  });

  await t.test('by the API: no tick is lost and none comes twice, and what it was stays there, stopped', async () => {
    const { config, devices, profiles, type, architecture } = await first.client.call('GET /1.0/instances/{name}', {
      params: { name: 'vm' },
    });
    const mac = config['volatile.eth0.hwaddr'];
    const started = await first.client.start('POST /1.0/instances/{name}', {
      params: { name: 'vm' },
      body: { name: 'vm', migration: true, live: true } as never,
    });
    assert.deepEqual(Object.keys(started.metadata ?? {}).sort(), ['control', 'criu', 'fs']);
    const there = await first.client.call('GET /1.0');
    const source = {
      type: 'migration',
      mode: 'pull',
      live: true,
      operation: `https://${there.environment?.addresses?.[0]}/1.0/operations/${started.id}`,
      certificate: there.environment?.certificate,
      secrets: started.metadata,
    };
    await second.client.operation('POST /1.0/instances', {
      body: { name: 'vm', type, architecture, config, devices, profiles, source } as never,
    });
    await first.client.finish(started);
    await tell('pull, by the API', first);
    assert.equal(await status('karl:vm'), 'STOPPED');
    assert.equal(await status('otto:vm'), 'RUNNING');
    await ticksOn('otto:vm');
    assertUnbroken(`${await consoleOf('karl:vm')}\n`.replace(/\n+$/, '\n') + (await consoleOf('otto:vm')));
    assert.equal(await sum('otto:vm'), bytes);
    assert.equal(await inside('otto:vm', 'cat /proc/sys/kernel/random/boot_id'), boot);
    if (mac) assert.equal(await gast('config', 'get', 'otto:vm', 'volatile.eth0.hwaddr'), mac);
    assert.match(await gast('list', 'otto:vm', '-f', 'csv', '-c', 'S'), /^1$/);
    await gast('delete', 'karl:vm');
    assert.equal(layers(first), 0);
  });

  for (const [mode, from, to] of [
    ['push', 'otto', 'karl'],
    ['relay', 'karl', 'otto'],
    ['pull', 'otto', 'karl'],
  ] as const)
    await t.test(`gast move --mode ${mode}`, async () => {
      const ticks = await inside(`${from}:vm`, 'dd if=/dev/vda bs=1M skip=40 count=1 2>/dev/null | head -c 16');
      await gast('move', `${from}:vm`, `${to}:vm`, '--mode', mode);
      await tell(`gast move --mode ${mode}`, from === 'otto' ? second : first);
      assert.equal((await tried('info', `${from}:vm`)).code, 1);
      assert.equal(layers(from === 'otto' ? second : first), 0);
      assert.equal(await inside(`${to}:vm`, 'cat /proc/sys/kernel/random/boot_id'), boot);
      assert.equal(await sum(`${to}:vm`), bytes);
      const now = await inside(`${to}:vm`, 'dd if=/dev/vda bs=1M skip=40 count=1 2>/dev/null | head -c 16');
      assert.ok(Number(now) > Number(ticks), `${ticks} ${now}`);
    });

  await t.test('what cannot be is refused, and it runs on', async () => {
    assert.match(await refused('move', 'karl:vm', 'otto:vm', '-c', 'limits.memory=192MiB'), /other parts/);
    assert.match(
      await refused('move', 'karl:vm', 'otto:vm', '-d', 'extra,type=tpm'),
      /extra \(tpm\) stays on the host/,
    );
    assert.match(await refused('move', 'karl:vm', 'otto:vm', '--stateless'), /stop it before it moves/);
    await ticksOn('karl:vm');
    assert.equal(await gast('list', 'otto:', '-f', 'csv'), '');
    assert.equal(layers(second), 0);
  });

  await t.test('the target is killed in the middle: it runs on here, and nothing is left there', async () => {
    arm(second.directory, { work: 'Creating instance', step: receiving, when: 100 });
    await refused('move', 'karl:vm', 'otto:vm');
    await second.start();
    await ticksOn('karl:vm');
    assert.equal(await gast('list', 'otto:', '-f', 'csv'), '');
    assert.equal(layers(second), 0);
  });

  await t.test('the source is killed in the middle: it runs on here, and nothing is left there', async () => {
    rmSync(join(second.directory, 'steps'), { force: true });
    const moving = tried('move', 'karl:vm', 'otto:vm');
    await eventually('the transfer', async () => isReceiving(second), 60_000);
    await first.end('SIGKILL');
    assert.notEqual((await moving).code, 0);
    await first.start();
    assert.equal(await status('karl:vm'), 'RUNNING');
    await ticksOn('karl:vm');
    await eventually('nothing is left there', async () => (await gast('list', 'otto:', '-f', 'csv')) === '', 30_000);
    assert.equal(await sum('karl:vm'), bytes);
  });

  await t.test('the target is killed when it was told to let it go on, and has not: nobody guesses', async () => {
    arm(second.directory, { work: 'Creating instance', step: receiving, when: 'done' });
    await refused('move', 'karl:vm', 'otto:vm');
    assert.equal(await status('karl:vm'), 'FROZEN');
    await first.end('SIGKILL');
    await first.start();
    assert.equal(await status('karl:vm'), 'FROZEN');
    assert.match(await warningsOf(first), /may run on another server/);
    await second.start();
    assert.equal(await gast('list', 'otto:', '-f', 'csv'), '');
    await gast('resume', 'karl:vm');
    await ticksOn('karl:vm');
    assert.equal(await inside('karl:vm', 'cat /proc/sys/kernel/random/boot_id'), boot);
    assert.equal(await warningsOf(first), '');
  });

  await t.test('the target is killed when it runs there: it does so afterwards, and stands still here', async () => {
    arm(second.directory, { work: 'Creating instance', step: goingOn, when: 'done' });
    await refused('move', 'karl:vm', 'otto:vm');
    assert.equal(await status('karl:vm'), 'FROZEN');
    await second.start();
    assert.equal(await status('otto:vm'), 'RUNNING');
    await ticksOn('otto:vm');
    assert.equal(await inside('otto:vm', 'cat /proc/sys/kernel/random/boot_id'), boot);
    assert.equal(await sum('otto:vm'), bytes);
    assert.equal(await status('karl:vm'), 'FROZEN');
    await gast('delete', '--force', 'karl:vm');
    assert.equal(await warningsOf(first), '');
    await ticksOn('otto:vm');
  });
});

const isReceiving = ({ directory }: TestDaemon) =>
  existsSync(join(directory, 'steps')) &&
  readFileSync(join(directory, 'steps'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as SeenStep)
    .some(({ step, status }) => step === receiving && status === 'running');
