/** Guests of three init systems: they boot, show a console, halt and reboot; their ends are told apart; limits hold and change. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { Event } from '../../src/api/resources/events.ts';
import { importImage, lacking, launch, startDaemon, type TestDaemon } from '../daemon.ts';
import { shell } from './isolation/inside.ts';
import { change, params } from './kill/requests.ts';

const skip = lacking();
let daemon: TestDaemon;
const events: Event[] = [];
const listening = new AbortController();

before(async () => {
  if (skip) return;
  daemon = await startDaemon();
  (async () => {
    for await (const event of daemon.client.events({ types: ['lifecycle', 'logging'], signal: listening.signal }))
      events.push(event);
  })().catch(() => {});
  for (const name of ['debian12', 'sysvinit', 'busybox'] as const) await importImage(daemon, name, name);
});
after(async () => {
  listening.abort();
  await daemon?.[Symbol.asyncDispose]();
});

const stateOf = (name: string) => daemon.client.call('GET /1.0/instances/{name}/state', params(name));
const remove = (name: string) => daemon.client.operation('DELETE /1.0/instances/{name}', params(name));
const output = async (name: string, script: string) => (await shell(daemon.client, name, script)).stdout.trim();
const addressOf = async (name: string) =>
  (await stateOf(name)).network?.eth0?.addresses.find(({ family }) => family === 'inet')?.address;

async function until<T>(what: string, look: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> {
  const deadline = Date.now() + 90_000;
  for (;;) {
    const found = await look();
    if (found) return found;
    assert.ok(Date.now() < deadline, `${what}: not within 90 s\n${JSON.stringify(events.slice(-5))}`);
    await setTimeout(50);
  }
}

async function consoleOf(name: string): Promise<string> {
  const answer = await daemon.client.raw('GET /1.0/instances/{name}/console', params(name));
  answer.setEncoding('utf8');
  let text = '';
  for await (const chunk of answer) text += chunk;
  return text;
}

/** The lifecycle event of this name and action after the `from`th event. */
const told = (from: number, name: string, action: string) =>
  until(`${action} of ${name}`, () =>
    events
      .slice(from)
      .map(({ metadata }) => metadata as { action?: string; name?: string; context?: Record<string, unknown> })
      .find((one) => one.action === action && one.name === name),
  );
const warned = (from: number, pattern: RegExp) =>
  until(`a warning like ${pattern}`, () =>
    events.slice(from).some(({ metadata }) => pattern.test(String((metadata as { message?: string }).message))),
  );

const inits = {
  debian12: { ready: 'systemctl is-system-running --wait', login: /login:/ },
  sysvinit: { ready: 'runlevel | grep -q "[2-5]$"', login: /login:/ },
  busybox: { ready: 'true', login: /#/ },
};

for (const [image, { ready, login }] of Object.entries(inits))
  test(`${image} boots, shows its console, reboots from inside, halts when asked, halts by itself`, {
    skip,
  }, async () => {
    await launch(daemon, image, image);
    await until('it is ready', async () => (await shell(daemon.client, image, ready)).exitCode === 0);
    if (image === 'debian12') {
      assert.equal(await output(image, 'systemctl is-system-running'), 'running');
      assert.equal(await output(image, 'systemctl --failed --no-legend'), '');
    }
    await until('its console', async () => login.test(await consoleOf(image)));
    const [address, { pid }] = [await addressOf(image), await stateOf(image)];
    assert.ok(address);

    let from = events.length;
    shell(daemon.client, image, 'reboot').catch(() => {});
    await told(from, image, 'instance-restarted');
    await until('it is up again', async () => {
      const now = await stateOf(image);
      return now.status === 'Running' && now.pid > 0 && now.pid !== pid;
    });
    assert.equal(await addressOf(image), address);
    await until('it is ready again', async () => (await shell(daemon.client, image, ready)).exitCode === 0);

    from = events.length;
    await change(daemon.client, image, 'stop', { timeout: 60 });
    assert.equal((await told(from, image, 'instance-shutdown')).context?.cause, 'halted');

    await change(daemon.client, image, 'start');
    await until('it is ready', async () => (await shell(daemon.client, image, ready)).exitCode === 0);
    from = events.length;
    shell(daemon.client, image, 'poweroff').catch(() => {});
    assert.equal((await told(from, image, 'instance-shutdown')).context?.cause, 'halted');
    await until('it is stopped', async () => (await stateOf(image)).status === 'Stopped');
    await remove(image);
  });

test('a killed init and an OOM kill are told apart, with the name of the guest (C06)', { skip }, async () => {
  await launch(daemon, 'ends', 'busybox', { config: { 'limits.memory': '48MiB', 'limits.memory.swap': 'false' } });
  let from = events.length;
  await shell(daemon.client, 'ends', 'x=0123456789abcdef; while :; do x=$x$x; done').catch(() => {});
  await told(from, 'ends', 'instance-oom');
  await warned(from, /ends.*limit of memory/);
  assert.equal((await stateOf('ends')).status, 'Running');
  // An OOM kill shortly before would be taken for the cause.
  await change(daemon.client, 'ends', 'restart', { force: true });
  from = events.length;
  process.kill((await stateOf('ends')).pid, 'SIGKILL');
  const { context } = await told(from, 'ends', 'instance-stopped');
  assert.deepEqual(context, { cause: 'killed', signal: 'SIGKILL' });
  await until('it is stopped', async () => (await stateOf('ends')).status === 'Stopped');
  await remove('ends');
});

test('limits hold, are shown inside by lxcfs, and change live (C01, C02, C05)', { skip }, async () => {
  const config = { 'limits.cpu': '1', 'limits.memory': '64MiB', 'limits.processes': '20' };
  await launch(daemon, 'small', 'busybox', { config });
  const set = (patch: Record<string, string>) =>
    daemon.client.call('PATCH /1.0/instances/{name}', { ...params('small'), body: { config: patch } as never });
  const totalKib = async () => Number(/MemTotal:\s+(\d+)/.exec(await output('small', 'cat /proc/meminfo'))?.[1]);
  assert.equal(await totalKib(), 64 * 1024);
  assert.equal(await output('small', 'nproc'), '1');
  assert.equal(await output('small', 'grep -c ^processor /proc/cpuinfo'), '1');
  assert.ok(Number(await output('small', 'cut -d. -f1 /proc/uptime')) < 120);
  const forks = 'i=0; while [ $i -lt 40 ]; do sleep 5 & i=$((i+1)); done; kill $(jobs -p) 2>/dev/null';
  assert.match((await shell(daemon.client, 'small', forks)).stderr, /fork|Resource/i);

  await set({ 'limits.memory': '96MiB', 'limits.processes': '200', 'limits.cpu.allowance': '10ms/100ms' });
  assert.equal(await totalKib(), 96 * 1024);
  assert.doesNotMatch((await shell(daemon.client, 'small', forks)).stderr, /fork|Resource/i);
  const cpuNs = async () => (await stateOf('small')).cpu?.usage ?? 0;
  const [usedBefore, began] = [await cpuNs(), performance.now()];
  await shell(daemon.client, 'small', 'timeout 3 sh -c "while :; do :; done"');
  const share = ((await cpuNs()) - usedBefore) / 1e6 / (performance.now() - began);
  assert.ok(share < 0.2, `it used ${(share * 100).toFixed(0)} % of a CPU`);
  await change(daemon.client, 'small', 'stop', { force: true });
  await remove('small');
});
