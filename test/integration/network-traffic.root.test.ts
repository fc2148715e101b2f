/** What guests on a managed network can reach, and by which names and addresses (A20, D09, D11, D12, D16). */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { sampleNetwork, sampleNic } from '../contract/network.suite.ts';
import {
  inside,
  openNamespace,
  openRealNetworks,
  ping,
  type RealNetworks,
  until,
  whyNot,
  works,
} from './network-fixture.ts';

const options = { skip: whyNot };

async function openGuest(host: RealNetworks, n: number): Promise<number> {
  const pid = await host.guest();
  await host.networks.admit(sampleNic(n));
  await host.networks.attach(sampleNic(n), pid);
  return pid;
}

test('guests have their address at once and reach the gateway and each other', options, async () => {
  await using host = await openRealNetworks();
  await host.networks.ensure(sampleNetwork());
  const [one, two, three] = [await openGuest(host, 1), await openGuest(host, 2), await openGuest(host, 3)];
  for (const address of ['10.77.1.1', 'fd77:1::1', '10.77.1.102', 'fd77:1::102', '10.77.1.103', 'fd77:1::103'])
    assert.ok(await ping(one, address), `guest 1 reaches ${address}`);
  assert.ok(await ping(two, '10.77.1.103'));
  assert.ok(await ping(three, 'fd77:1::101'));
  const routes = await inside(one, 'ip', 'route');
  assert.match(routes, /default via 10\.77\.1\.1 dev eth0/);
  assert.match(await inside(one, 'ip', 'addr', 'show', 'lo'), /127\.0\.0\.1/);
});

test('DHCP hands out the reserved address, and DNS knows the names (A, AAAA, PTR)', options, async () => {
  await using host = await openRealNetworks();
  await host.networks.ensure(sampleNetwork());
  const guest = await openGuest(host, 1);
  assert.match(
    await dhcp(guest, host.stateDirectory),
    /^lease 10\.77\.1\.101 255\.255\.255\.0 10\.77\.1\.1 10\.77\.1\.1$/m,
  );
  const resolver = new Resolver({ timeout: 1000, tries: 2 });
  resolver.setServers(['10.77.1.1']);
  assert.deepEqual(await resolver.resolve4('g1.guests.test'), ['10.77.1.101']);
  assert.deepEqual(await resolver.resolve6('g1.guests.test'), ['fd77:1::101']);
  assert.deepEqual(await resolver.reverse('10.77.1.101'), ['g1.guests.test']);
  assert.deepEqual(await resolver.reverse('fd77:1::101'), ['g1.guests.test']);
  assert.match(await inside(guest, 'busybox', 'nslookup', 'g1.guests.test', '10.77.1.1'), /10\.77\.1\.101/);
  await host.networks.detach(sampleNic(1));
  await until('the name is gone', async () =>
    resolver.resolve4('g1.guests.test').then(
      () => false,
      () => true,
    ),
  );
});

test('an address that an earlier guest leased goes to its new owner by DHCP too', options, async () => {
  await using host = await openRealNetworks();
  await host.networks.ensure(sampleNetwork());
  await dhcp(await openGuest(host, 1), host.stateDirectory);
  await host.networks.detach(sampleNic(1));
  const heir = { ...sampleNic(1), guest: 'g9', hostname: 'g9', hostName: 'gt9', hwaddr: '02:77:01:00:00:09' };
  const pid = await host.guest();
  await host.networks.admit(heir);
  await host.networks.attach(heir, pid);
  assert.match(await dhcp(pid, host.stateDirectory), /^lease 10\.77\.1\.101 /m);
});

test(
  'guests reach the outside through NAT, and nobody outside reaches them uninvited (D09, D16)',
  options,
  async () => {
    await using host = await openRealNetworks();
    await host.networks.ensure(sampleNetwork());
    const guest = await openGuest(host, 1);
    await using outside = await openOutside();
    assert.ok(await ping(guest, '198.51.100.2'), 'IPv4 to the outside');
    assert.ok(await ping(guest, '2001:db8::2'), 'IPv6 to the outside');
    await inside(outside.pid, 'ip', 'route', 'add', '10.77.1.0/24', 'via', '198.51.100.1');
    await inside(outside.pid, 'ip', 'route', 'add', 'fd77:1::/64', 'via', '2001:db8::1');
    assert.equal(await ping(outside.pid, '10.77.1.101'), false, 'the outside cannot start a connection, IPv4');
    assert.equal(await ping(outside.pid, 'fd77:1::101'), false, 'the outside cannot start a connection, IPv6');
  },
);

test('guests of another network are strangers', options, async () => {
  await using host = await openRealNetworks();
  const otherSubnet = { address: '10.77.2.1', prefix: 24, nat: true, dhcp: true };
  await host.networks.ensure(sampleNetwork());
  const { ipv6: __, ...other } = sampleNetwork({ name: 'other', link: 'gtbr1', ipv4: otherSubnet });
  await host.networks.ensure(other);
  const one = await openGuest(host, 1);
  const two = await host.guest();
  const { ipv6: _, ...rest } = sampleNic(2);
  const nic = {
    ...rest,
    network: 'other',
    link: 'gtbr1',
    ipv4: { address: '10.77.2.102', prefix: 24, gateway: '10.77.2.1' },
  };
  await host.networks.admit(nic);
  await host.networks.attach(nic, two);
  assert.ok(await ping(two, '10.77.2.1'));
  assert.equal(await ping(one, '10.77.2.102'), false);
  assert.equal(await ping(two, '10.77.1.101'), false);
});

test('a guest may ask the host for DNS, DHCP and ping, and for nothing else', options, async () => {
  await using host = await openRealNetworks();
  await host.networks.ensure(sampleNetwork());
  const guest = await openGuest(host, 1);
  // A client that only connects resets the connection.
  const server = createServer((socket) => socket.on('error', () => {}).end('secret')).listen({
    port: 8443,
    host: '::',
  });
  await once(server, 'listening');
  const connect = (pid: number, address: string, port: number) =>
    works(pid, 'timeout', '1', 'bash', '-c', `exec 3<>/dev/tcp/${address}/${port}`);
  try {
    assert.ok(await connect(process.pid, '10.77.1.1', 8443), 'the host itself reaches it');
    for (const address of ['10.77.1.1', 'fd77:1::1']) {
      assert.equal(await connect(guest, address, 8443), false, `port 8443 of ${address}`);
      assert.equal(await connect(guest, address, 53), true, `port 53 of ${address}`);
    }
  } finally {
    server.close();
  }
});

test('rate limits hold in both directions', options, async (t) => {
  await using host = await openRealNetworks();
  await host.networks.ensure(sampleNetwork());
  const pid = await host.guest();
  const nic = sampleNic(1, { limits: { ingressBits: 8_000_000, egressBits: 8_000_000 } });
  await host.networks.admit(nic);
  await host.networks.attach(nic, pid).catch((error: Error) => t.skip(error.message));
  const links = (await host.networks.links()).map(({ name }) => name);
  assert.ok(
    links.some((name) => name.startsWith('gi')),
    'a shaper exists',
  );
  const other = await openGuest(host, 2);
  // A megabyte at 8 Mbit/s takes a second, less what the buckets hold; without a limit it takes some milliseconds.
  for (const [from, to, address] of [[pid, other, '10.77.1.102'] as const, [other, pid, '10.77.1.101'] as const]) {
    const elapsedMs = await sendMegabyte(from, to, address);
    assert.ok(elapsedMs > 700 && elapsedMs < 5000, `to ${address} in ${elapsedMs} ms`);
  }
  await host.networks.detach(nic);
  await until(
    'the shaper is gone',
    async () => !(await host.networks.links()).some(({ name }) => name.startsWith('gi')),
  );
});

async function sendMegabyte(from: number, to: number, address: string): Promise<number> {
  const received = inside(to, 'timeout', '10', 'bash', '-c', 'busybox nc -l -p 5000 | wc -c');
  let startedMs = 0;
  await until('the listener listens', () => {
    startedMs = performance.now();
    return works(from, 'bash', '-c', `exec 3<>/dev/tcp/${address}/5000; head -c 1000000 /dev/zero >&3`);
  });
  assert.equal((await received).trim(), '1000000');
  return performance.now() - startedMs;
}

/**
 * One DHCP exchange. The client has a mount namespace and a script of its own: a network namespace alone does not keep
 * it from rewriting the host's resolv.conf.
 */
async function dhcp(pid: number, folder: string): Promise<string> {
  const script = join(folder, 'udhcpc.sh');
  await writeFile(script, '#!/bin/sh\n[ "$1" = bound ] && echo "lease $ip $subnet $router $dns"\nexit 0\n');
  await chmod(script, 0o755);
  return inside(
    pid,
    'unshare',
    '--mount',
    'busybox',
    'udhcpc',
    '-i',
    'eth0',
    '-f',
    '-q',
    '-n',
    '-t',
    '5',
    '-T',
    '1',
    '-s',
    script,
  );
}

/** A host beyond our uplink, which knows no way back to the guests' private addresses. */
async function openOutside() {
  const outside = await openNamespace();
  const ip = async (...args: string[]) => {
    const child = spawn('ip', args, { stdio: 'inherit' });
    const code = await new Promise((done) => child.once('exit', done));
    assert.equal(code, 0, args.join(' '));
  };
  await ip('link', 'add', 'gtup', 'type', 'veth', 'peer', 'name', 'wan0', 'netns', String(outside.pid));
  await ip('link', 'set', 'gtup', 'up');
  await ip('addr', 'add', '198.51.100.1/24', 'dev', 'gtup');
  await ip('addr', 'add', '2001:db8::1/64', 'dev', 'gtup', 'nodad');
  await inside(outside.pid, 'ip', 'link', 'set', 'wan0', 'up');
  await inside(outside.pid, 'ip', 'addr', 'add', '198.51.100.2/24', 'dev', 'wan0');
  await inside(outside.pid, 'ip', 'addr', 'add', '2001:db8::2/64', 'dev', 'wan0', 'nodad');
  return outside;
}
