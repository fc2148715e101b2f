/** Everybody else who may die, fail or hang: supervisors, helpers, tools, the disk; and the daemon at random moments. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { importImage, lacking, launch, startDaemon, type TestDaemon } from '../daemon.ts';
import { assertSameCensus, type Census, settledCensus } from '../leaks.ts';
import { asUser } from '../own-namespaces.ts';
import { runGast } from './gast.ts';
import { inside, shell } from './isolation/inside.ts';
import { change, instances, params } from './kill/requests.ts';
import { tidy } from './kill/room.ts';

const skip = lacking();
let daemon: TestDaemon;
let measure: Census;
let besidePid = 0;

before(async () => {
  if (skip) return;
  daemon = await startDaemon();
  await importImage(daemon, 'busybox', 'busybox');
  await launch(daemon, 'beside', 'busybox');
  besidePid = await pidOf('beside');
  await daemon.end();
  await daemon.start();
  measure = await settledCensus(daemon);
});
after(() => daemon?.[Symbol.asyncDispose]());

const pidOf = async (name: string) => (await daemon.client.call('GET /1.0/instances/{name}/state', params(name))).pid;
const statusOf = async (name: string) => (await daemon.client.call('GET /1.0/instances/{name}', params(name))).status;

/** The processes of this daemon whose command line has all the words. */
function processesWith(...words: string[]): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
    try {
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return words.every((word) => command.includes(word)) ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

/** An ordinary user's reads its files on the stage: its user cannot pass a home directory. */
const dnsmasqs = () => processesWith('dnsmasq', asUser ? basename(daemon.names.stage) : daemon.directory);

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await condition())) {
    assert.ok(Date.now() < deadline, `${what}: not within 60 s\n${daemon.log().split('\n').slice(-20).join('\n')}`);
    await setTimeout(20);
  }
}

async function asBefore(): Promise<void> {
  await tidy(daemon);
  assert.equal(await pidOf('beside'), besidePid);
  await assertSameCensus(measure, daemon, 'afterwards');
}

test('upgrade: guests run on, and what happened to them meanwhile is known', { skip }, async () => {
  for (const name of ['halts', 'reboots', 'crashes', 'stays']) await launch(daemon, name, 'busybox');
  const { client } = daemon;
  const log = async (name: string) =>
    String(await await textOf(client.raw('GET /1.0/instances/{name}/console', params(name))));
  const stays = await pidOf('stays');
  const inits = { halts: await pidOf('halts'), reboots: await pidOf('reboots'), crashes: await pidOf('crashes') };
  // They wait until the daemon is away.
  for (const [name, command] of [
    ['halts', 'poweroff'],
    ['reboots', 'reboot'],
  ] as const)
    await shell(client, name, `(while [ ! -e /tmp/go ]; do sleep 0.1; done; ${command}) >/dev/null 2>&1 </dev/null &`);
  await daemon.end('SIGTERM');
  for (const name of ['halts', 'reboots'] as const) writeFileSync(`/proc/${inits[name]}/root/tmp/go`, '');
  process.kill(inits.crashes, 'SIGKILL');
  await until('they end', () => Object.values(inits).every((pid) => !existsSync(`/proc/${pid}`)));
  await daemon.start();
  assert.equal(await statusOf('halts'), 'Stopped');
  assert.equal(await statusOf('crashes'), 'Stopped');
  await until('the reboot is finished', async () => (await statusOf('reboots')) === 'Running');
  assert.equal(await pidOf('stays'), stays);
  // Its console is heard and kept as before.
  await shell(client, 'stays', 'echo spoken-after-the-upgrade > /dev/console');
  await until('the console', async () => (await log('stays')).includes('spoken-after-the-upgrade'));
  const { stdout } = await inside(client, 'stays', ['hostname']);
  assert.equal(stdout.trim(), 'stays');
  await asBefore();
});

test('SIGTERM in the midst of a launch leaves nothing half-made', { skip }, async () => {
  for (const delayMs of [1, 15, 40]) {
    const started = await daemon.client.start('POST /1.0/instances', {
      body: { name: 'one', source: { type: 'image', alias: 'busybox' }, start: true } as never,
    });
    daemon.client.finish(started).catch(() => {});
    await setTimeout(delayMs);
    await daemon.end('SIGTERM');
    await daemon.start();
    await asBefore();
  }
});

test('a killed supervisor costs its own guest at most, and is told', { skip }, async () => {
  await launch(daemon, 'one', 'busybox');
  const { config } = await daemon.client.call('GET /1.0/instances/{name}', params('one'));
  const id = String(config?.['volatile.uuid']).replaceAll('-', '').slice(-12);
  const [conmon] = processesWith('conmon', id);
  assert.ok(conmon, 'its supervisor was not found');
  process.kill(conmon, 'SIGKILL');
  await daemon.end('SIGKILL');
  await daemon.start();
  // The guest may have lost its console, but can be stopped and started.
  if ((await statusOf('one')) === 'Running') await change(daemon.client, 'one', 'stop', { force: true });
  await change(daemon.client, 'one', 'start');
  assert.equal(await statusOf('one'), 'Running');
  await asBefore();
});

test('killed dnsmasq comes back, and guests are reachable by name', { skip }, async () => {
  const [dnsmasq] = dnsmasqs();
  assert.ok(dnsmasq);
  process.kill(dnsmasq, 'SIGKILL');
  await until('the old one is gone', () => !dnsmasqs().includes(dnsmasq));
  // A daemon that is not its parent hears nothing: the next guest brings it back.
  await launch(daemon, 'one', 'busybox');
  await until('a new one', () => dnsmasqs().length === 1);
  await asBefore();
});

if (asUser)
  test('killed pasta costs the way to the network until the next daemon, and doctor tells', { skip }, async () => {
    const router = async () => (await shell(daemon.client, 'beside', 'ping -c 1 -W 5 192.0.2.1')).exitCode;
    const pasta = Number(readFileSync(join(daemon.directory, 'run/pasta.pid'), 'utf8'));
    assert.equal(await router(), 0);
    process.kill(pasta, 'SIGKILL');
    await until('it is gone', () => !existsSync(`/proc/${pasta}`));
    assert.notEqual(await router(), 0);
    assert.match((await runGast(daemon.env, ['doctor'])).stdout, /pasta does not run.*\n?.*gast admin shutdown/);
    await daemon.end('SIGTERM');
    await daemon.start();
    assert.equal(await router(), 0);
    await asBefore();
  });

test('guests can be started after lxcfs was killed', { skip }, async () => {
  const [lxcfs] = processesWith('lxcfs', basename(daemon.names.stage));
  assert.ok(lxcfs);
  process.kill(lxcfs, 'SIGKILL');
  await until('it is gone', () => processesWith('lxcfs', basename(daemon.names.stage)).length === 0);
  await launch(daemon, 'one', 'busybox', { config: { 'limits.memory': '64MiB' } });
  const { stdout } = await shell(daemon.client, 'one', 'cat /proc/meminfo | head -1');
  assert.match(stdout, /MemTotal/);
  await tidy(daemon);
  await daemon.end('SIGTERM');
  await daemon.start();
  await launch(daemon, 'one', 'busybox', { config: { 'limits.memory': '64MiB' } });
  assert.match((await shell(daemon.client, 'one', 'head -1 /proc/meminfo')).stdout, /65536 kB/);
  await tidy(daemon);
  // The guest beside lost its view of lxcfs for good: it is started anew for the tests that follow.
  await change(daemon.client, 'beside', 'restart', { force: true });
  besidePid = await pidOf('beside');
  measure = await settledCensus(daemon);
});

test('SIGKILL at twenty random moments under a load of parallel work', { skip }, async (t) => {
  const began = performance.now();
  let seed = 20_061;
  const random = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed / 2 ** 31;
  };
  const names = ['a', 'b', 'c', 'd'];
  const { client } = daemon;
  const load = async (name: string, signal: AbortSignal) => {
    const acts = [
      () => launch(daemon, name, 'busybox'),
      () => change(client, name, 'stop', { force: true }),
      () => change(client, name, 'start'),
      () => client.operation('POST /1.0/instances/{name}/snapshots', { ...params(name), body: {} }),
      () => launch(daemon, `${name}-copy`, '', { source: { type: 'copy', source: name }, start: false }),
      () => client.operation('DELETE /1.0/instances/{name}', params(`${name}-copy`)),
      () => client.operation('DELETE /1.0/instances/{name}', params(name)),
    ];
    while (!signal.aborted) await acts[Math.floor(random() * acts.length)]?.().catch(() => {});
  };
  for (let round = 0; round < 20; round++) {
    const enough = new AbortController();
    const working = names.map((name) => load(name, enough.signal));
    await setTimeout(50 + random() * 250);
    enough.abort();
    await daemon.end('SIGKILL');
    await Promise.all(working);
    await daemon.start();
    assert.equal(await pidOf('beside'), besidePid);
    const found = (await instances(client)).map(({ name }) => name);
    assert.equal(new Set(found).size, found.length);
  }
  // What is there can be used.
  for (const { name, status } of await instances(client)) {
    if (status !== 'Running') await change(client, name, 'start');
    assert.equal((await inside(client, name, ['true'])).exitCode, 0, name);
  }
  await asBefore();
  t.diagnostic(`20 kills in ${((performance.now() - began) / 1000).toFixed(1)} s`);
});

async function textOf(answer: Promise<NodeJS.ReadableStream>): Promise<string> {
  const stream = await answer;
  stream.setEncoding('utf8');
  let text = '';
  for await (const chunk of stream) text += chunk;
  return text;
}
