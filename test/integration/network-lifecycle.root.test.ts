/** Networks outlive the daemon, are repaired in place, carry 100 guests, and leave nothing behind. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { createBridgeNetworks } from '../../src/network/bridge/bridge-networks.ts';
import { sampleNetwork, sampleNic } from '../contract/network.suite.ts';
import {
  openNamespace,
  openRealNetworks,
  ping,
  type RealNetworks,
  tag,
  takeTurn,
  until,
  whyNot,
} from './network-fixture.ts';

const options = { skip: whyNot };
const execute = promisify(execFile);
const lan = { name: 'lan', link: 'gtbr0' };

test('ensure twice changes nothing on the host', options, async () => {
  await using host = await openRealNetworks();
  await host.networks.ensure(sampleNetwork());
  await openGuest(host, 1);
  const before = await hostState(host.stateDirectory);
  await host.networks.ensure(sampleNetwork());
  assert.deepEqual(await hostState(host.stateDirectory), before);
});

test('a network without addresses is a bridge without dnsmasq, and may get addresses later', options, async () => {
  await using host = await openRealNetworks();
  const { ipv4: _ipv4, ipv6: _ipv6, ...bare } = sampleNetwork();
  const runs = async () => (await hostState(host.stateDirectory)).dnsmasq !== '';
  await host.networks.ensure(bare);
  assert.equal(await runs(), false);
  await host.networks.ensure(sampleNetwork());
  assert.equal(await runs(), true);
  await host.networks.ensure(bare);
  assert.equal(await runs(), false);
});

test('remove leaves nothing: no link, table, process, file', options, async () => {
  await using host = await openRealNetworks();
  const before = await hostState(host.stateDirectory);
  await host.networks.ensure(sampleNetwork());
  await openGuest(host, 1);
  await host.networks.detach(sampleNic(1));
  await host.networks.remove(lan);
  assert.deepEqual(await hostState(host.stateDirectory), before);
});

test('links and tables of others are not touched', options, async () => {
  await using host = await openRealNetworks();
  const foreign = ['gtbr0', 'gt1'];
  try {
    for (const name of foreign) await execute('ip', ['link', 'add', name, 'type', 'bridge']);
    await assert.rejects(host.networks.ensure(sampleNetwork()), /gtbr0 exists already/);
    await host.networks.remove(lan);
    await host.networks.detach(sampleNic(1));
    await host.networks[Symbol.asyncDispose]();
    const names = (await host.networks.links()).map(({ name }) => name);
    assert.deepEqual(
      foreign.filter((name) => !names.includes(name)),
      [],
    );
  } finally {
    for (const name of foreign) await execute('ip', ['link', 'delete', name]).catch(() => {});
  }
});

test(
  'a pair whose maker was killed before marking it is taken away, but not one of a name that somebody chose',
  options,
  async () => {
    await using host = await openRealNetworks();
    await host.networks.ensure(sampleNetwork());
    const links = async () => (await host.networks.links()).map(({ name }) => name);
    for (const fixedHostName of [false, true]) {
      const nic = sampleNic(1, { fixedHostName });
      await host.networks.admit(nic);
      await execute('ip', ['link', 'add', nic.hostName, 'type', 'veth', 'peer', 'name', 'gtpeer']);
      await host.networks.detach(nic, { wait: true });
      assert.equal((await links()).includes(nic.hostName), fixedHostName);
    }
    await execute('ip', ['link', 'delete', 'gt1']);
  },
);

test('a new daemon finds and keeps everything after SIGKILL of the old one', options, async () => {
  await using _turn = await takeTurn();
  const stateDirectory = await mkdtemp(join(tmpdir(), 'gasthof-network-'));
  await chmod(stateDirectory, 0o711);
  await using one = await openNamespace();
  await using two = await openNamespace();
  const owner = join(import.meta.dirname, 'network-owner.ts');
  const child = spawn(process.execPath, [owner, stateDirectory, tag, String(one.pid), String(two.pid)]);
  child.stderr.pipe(process.stderr);
  assert.equal(String(await once(child.stdout, 'data', { signal: AbortSignal.timeout(10_000) })), 'ready\n');
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.ok(await ping(one.pid, '10.77.1.102'), 'NICs work without a daemon');
  const pid = await dnsmasqPid(stateDirectory);

  await using networks = await createBridgeNetworks({ stateDirectory, tag });
  assert.equal((await networks.observe()).nics.length, 2);
  await networks.ensure(sampleNetwork());
  assert.equal(await dnsmasqPid(stateDirectory), pid, 'the same dnsmasq');
  assert.ok(await ping(one.pid, 'fd77:1::102'));
  const { stdout: rules } = await execute('nft', ['list', 'set', 'bridge', `gasthof_${tag}`, 'nic_ip4']);
  for (const address of ['10.77.1.101', '10.77.1.102'])
    assert.ok(rules.includes(address), `${address} is still enforced`);
  assert.equal((await networks.leases('lan')).filter(({ type }) => type === 'static').length, 4);
  for (const n of [1, 2]) await networks.detach(sampleNic(n));
  await networks.remove(lan);
  await rm(stateDirectory, { recursive: true });
});

test('ensure repairs what was taken away: rules, dnsmasq, the bridge', options, async () => {
  await using host = await openRealNetworks();
  await host.networks.ensure(sampleNetwork());
  const guest = await openGuest(host, 1);
  await execute('nft', ['flush', 'ruleset']);
  await execute('ip', ['link', 'delete', 'gtbr0']);
  await host.networks.ensure(sampleNetwork());
  assert.match((await execute('nft', ['list', 'table', 'bridge', `gasthof_${tag}`])).stdout, /"gt1"/);
  assert.ok(await ping(guest, '10.77.1.1'));
  const pid = await dnsmasqPid(host.stateDirectory);
  process.kill(pid, 'SIGKILL');
  await until('it ended', async () => !(await isRunning(pid)));
  await host.networks.ensure(sampleNetwork());
  assert.notEqual(await dnsmasqPid(host.stateDirectory), pid);
});

test('dnsmasq does not run as root and is started again when it dies', options, async () => {
  await using host = await openRealNetworks();
  await host.networks.ensure(sampleNetwork());
  const pid = await dnsmasqPid(host.stateDirectory);
  assert.doesNotMatch(await readFile(`/proc/${pid}/status`, 'utf8'), /^Uid:\s+0\b/m);
  const startedMs = Date.now();
  await until('it lives long enough to be trusted', async () => Date.now() - startedMs > 1100);
  process.kill(pid, 'SIGKILL');
  await until('another one runs', async () => {
    const next = await dnsmasqPid(host.stateDirectory).catch(() => pid);
    return next !== pid && (await isRunning(next));
  });
  assert.equal(host.problems.length, 1);
});

test('100 NICs at once, each with its filter and address', options, async (t) => {
  await using host = await openRealNetworks();
  const numbers = Array.from({ length: 100 }, (_, n) => n + 1);
  const pids = await Promise.all(numbers.map(() => host.guest()));
  t.diagnostic(`ensure (first): ${await timed(() => host.networks.ensure(sampleNetwork()))} ms`);
  t.diagnostic(`ensure (again): ${await timed(() => host.networks.ensure(sampleNetwork()))} ms`);
  t.diagnostic(
    `admit, 100 in parallel: ${await timed(() => Promise.all(numbers.map((n) => host.networks.admit(sampleNic(n)))))} ms`,
  );
  const attachAll = () => Promise.all(numbers.map((n, index) => host.networks.attach(sampleNic(n), pids[index] ?? 0)));
  t.diagnostic(`attach, 100: ${await timed(attachAll)} ms`);
  for (const address of ['10.77.1.150', 'fd77:1::200']) assert.ok(await ping(pids[0] ?? 0, address));
  t.diagnostic(`links(): ${await timed(() => host.networks.links())} ms`);
  const [admits, attaches] = [[] as number[], [] as number[]];
  for (let n = 101; n <= 120; n++) {
    const pid = await host.guest();
    admits.push(await timed(() => host.networks.admit(sampleNic(n))));
    attaches.push(await timed(() => host.networks.attach(sampleNic(n), pid)));
  }
  t.diagnostic(`admit, one at a time, median: ${median(admits)} ms; attach: ${median(attaches)} ms`);
  const all = [...numbers, ...Array.from({ length: 20 }, (_, n) => 101 + n)];
  t.diagnostic(`detach, 120: ${await timed(() => Promise.all(all.map((n) => host.networks.detach(sampleNic(n)))))} ms`);
  assert.deepEqual((await host.networks.observe()).nics, []);
  const gone = () =>
    until(
      'all links are gone',
      async () => !(await host.networks.links()).some(({ name }) => /^gt\d/.test(name)),
      30_000,
    );
  t.diagnostic(`120 links of living guests gone after ${await timed(gone)} ms`);
});

async function openGuest(host: RealNetworks, n: number): Promise<number> {
  const pid = await host.guest();
  await host.networks.admit(sampleNic(n));
  await host.networks.attach(sampleNic(n), pid);
  return pid;
}

/** Everything that a network consists of, as text. */
async function hostState(stateDirectory: string): Promise<Record<string, string>> {
  const [links, addresses, rules] = await Promise.all([
    execute('ip', ['-o', 'link']),
    execute('ip', ['-o', 'addr']),
    execute('nft', ['-a', 'list', 'ruleset']),
  ]);
  const processes = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const commands = await Promise.all(processes.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return {
    links: stable(links.stdout),
    addresses: stable(addresses.stdout),
    rules: rules.stdout,
    dnsmasq: processes.filter((_, index) => commands[index]?.includes(stateDirectory)).join(),
    files: (await readdir(stateDirectory, { recursive: true })).sort().join('\n'),
  };
}

/** Lifetimes, states and guest pids' namespaces change by themselves. */
function stable(text: string): string {
  return text.replace(/ tentative|valid_lft.*|state [A-Z]+|<[^>]*>/g, '');
}

async function dnsmasqPid(stateDirectory: string): Promise<number> {
  return Number(await readFile(join(stateDirectory, 'networks', 'lan', 'dnsmasq.pid'), 'utf8'));
}

async function isRunning(pid: number): Promise<boolean> {
  return readFile(`/proc/${pid}/stat`, 'utf8').then(
    (stat) => !stat.includes(') Z '),
    () => false,
  );
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return Math.round((performance.now() - start) * 10) / 10;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] ?? 0;
}
