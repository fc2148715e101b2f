/** Network cards of every kind, connected to a running guest by the unmodified incus client (D04, F20). */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmdirSync } from 'node:fs';
import { test } from 'node:test';
import { settledCensus } from '../../leaks.ts';
import { asUser, rootOf, runBeside } from '../../own-namespaces.ts';
import { lackingClients } from './clients.ts';
import { assertSame, openDeviceHouse } from './device-house.ts';

const skip = lackingClients('incus');

test('incus connects network cards of every kind to a running guest', { skip }, async (t) => {
  await using made = await openDeviceHouse();
  const { daemon, incus, inside, refused } = made;
  await incus.run(['launch', 'bb', 'c1']);
  const bridge = daemon.names.defaultNetwork;
  const ip = (...words: string[]) => runBeside(daemon.directory, ['ip', ...words]);
  const link = (name: string) => `${rootOf(daemon.directory)}/sys/class/net/${name}`;
  // A parent with another machine behind it: a pair whose far end is in a namespace of its own.
  if (asUser) ip('link', 'add', 'gastup0', 'type', 'veth', 'peer', 'name', 'far0');
  else makeFarMachine(ip);
  const before = await settledCensus(daemon);
  const pings = (address: string) => inside(`ping -c 1 -W 10 ${address} >/dev/null && echo yes`);

  await t.test('network attach and detach', async () => {
    await incus.run(['network', 'attach', bridge, 'c1', 'eth1']);
    assert.match(await inside('ip addr show eth1 || ifconfig eth1'), /10\./);
    const gateway = (await incus.run(['network', 'get', bridge, 'ipv4.address'])).split('/')[0] ?? '';
    assert.equal(await pings(gateway), 'yes');
    await incus.run(['network', 'detach', bridge, 'c1', 'eth1']);
    assert.doesNotMatch(await inside('cat /proc/net/dev'), /eth1/);
  });
  await t.test('an address is changed while the guest runs', async () => {
    const own = (await incus.run(['network', 'get', bridge, 'ipv4.address'])).replace(/\.\d+\/.*\s*$/, '.99');
    await incus.run(['config', 'device', 'override', 'c1', 'eth0', `ipv4.address=${own}`]);
    assert.match(await inside('ip addr show eth0 || ifconfig eth0'), new RegExp(own.replaceAll('.', '\\.')));
    await incus.run(['config', 'device', 'remove', 'c1', 'eth0']);
  });
  await t.test('p2p: packets reach the host', async () => {
    await incus.run([
      'config',
      'device',
      'add',
      'c1',
      'p',
      'nic',
      'nictype=p2p',
      'host_name=gastp2p',
      'name=eth5',
      'mtu=1400',
    ]);
    ip('addr', 'add', '10.98.0.1/24', 'dev', 'gastp2p');
    await inside('ip addr add 10.98.0.2/24 dev eth5 || ifconfig eth5 10.98.0.2 netmask 255.255.255.0');
    assert.equal(await pings('10.98.0.1'), 'yes');
    assert.match(ip('link', 'show', 'gastp2p'), /mtu 1400/);
    await incus.run(['config', 'device', 'remove', 'c1', 'p']);
    assert.equal(existsSync(link('gastp2p')), false);
  });
  await t.test('macvlan: packets reach a machine beyond the parent', async () => {
    await incus.run(['config', 'device', 'add', 'c1', 'm', 'nic', 'nictype=macvlan', 'parent=gastup0', 'name=eth6']);
    await inside('ip addr add 10.99.0.3/24 dev eth6 || ifconfig eth6 10.99.0.3 netmask 255.255.255.0');
    assert.equal(await pings('10.99.0.2'), 'yes');
    await incus.run(['config', 'device', 'remove', 'c1', 'm']);
    assert.doesNotMatch(await inside('cat /proc/net/dev'), /eth6/);
  });
  await t.test('routed: packets reach a machine beyond the parent, which finds the way back', async () => {
    await incus.run(['config', 'device', 'add', 'c1', 'eth0', 'none']);
    await incus.run([
      'config',
      'device',
      'add',
      'c1',
      'r',
      'nic',
      'nictype=routed',
      'parent=gastup0',
      'ipv4.address=10.99.0.4',
      'name=eth7',
    ]);
    assert.equal(await pings('10.99.0.2'), 'yes');
    assert.match(
      execFileSync('ip', ['netns', 'exec', 'gastfar', 'ping', '-c', '1', '-W', '10', '10.99.0.4'], {
        encoding: 'utf8',
      }),
      / 0% packet loss/,
    );
    await incus.run(['config', 'device', 'remove', 'c1', 'r']);
    assert.equal(ip('neigh', 'show', 'proxy'), '');
    await incus.run(['config', 'device', 'remove', 'c1', 'eth0']);
  });
  await t.test('physical: a link of the host goes into the guest and comes back', async () => {
    ip('link', 'add', 'gastphy', 'type', 'veth', 'peer', 'name', 'gastphy1');
    const hwaddr = readFileSync(`${link('gastphy')}/address`, 'utf8');
    await incus.run(['config', 'device', 'add', 'c1', 'ph', 'nic', 'nictype=physical', 'parent=gastphy', 'name=eth8']);
    assert.equal(existsSync(link('gastphy')), false);
    assert.match(await inside('cat /proc/net/dev'), /eth8/);
    await incus.run(['config', 'device', 'remove', 'c1', 'ph']);
    assert.equal(readFileSync(`${link('gastphy')}/address`, 'utf8'), hwaddr);
    await incus.run(['config', 'device', 'add', 'c1', 'ph', 'nic', 'nictype=physical', 'parent=gastphy', 'name=eth8']);
    await incus.run(['stop', '--force', 'c1']);
    await incus.run(['config', 'device', 'remove', 'c1', 'ph']);
    for (let n = 0; n < 100 && !existsSync(link('gastphy')); n++) await new Promise((done) => setTimeout(done, 50));
    assert.equal(existsSync(link('gastphy')), true);
    ip('link', 'del', 'gastphy');
    await incus.run(['start', 'c1']);
  });
  await t.test('wrong combinations are refused', async () => {
    await refused(['config', 'device', 'add', 'c1', 'x', 'nic', 'nictype=macvlan'], /"parent" is missing/);
    await refused(
      ['config', 'device', 'add', 'c1', 'x', 'nic', 'nictype=p2p', 'parent=gastup0'],
      /Invalid device option "parent"/,
    );
    await refused(['config', 'device', 'add', 'c1', 'x', 'nic', `network=${bridge}`, 'nictype=p2p'], /nictype/);
    await refused(['config', 'device', 'add', 'c1', 'x', 'nic', 'nictype=macvlan', 'parent=none0'], /doesn't exist/);
    await refused(['config', 'device', 'add', 'c1', 'x', 'nic', 'nictype=sriov', 'parent=gastup0'], /sriov/);
    await refused(['config', 'device', 'add', 'c1', 'x', 'nic', 'nictype=p2p', 'name=eth0'], /eth0/);
    assert.equal((await incus.run(['config', 'device', 'list', 'c1'])).trim(), '');
  });
  await t.test('nothing of all this is left', () => assertSame(before, daemon));
  ip('link', 'del', 'gastup0');
  if (asUser) return;
  ip('netns', 'del', 'gastfar');
  // `ip netns` keeps a mount for the next one.
  execFileSync('umount', ['/run/netns']);
  rmdirSync('/run/netns');
});

function makeFarMachine(ip: (...words: string[]) => string): void {
  ip('netns', 'add', 'gastfar');
  ip('link', 'add', 'gastup0', 'type', 'veth', 'peer', 'name', 'far0', 'netns', 'gastfar');
  ip('addr', 'add', '10.99.0.1/24', 'dev', 'gastup0');
  ip('link', 'set', 'gastup0', 'up');
  ip('-n', 'gastfar', 'addr', 'add', '10.99.0.2/24', 'dev', 'far0');
  ip('-n', 'gastfar', 'link', 'set', 'far0', 'up');
  ip('-n', 'gastfar', 'link', 'set', 'lo', 'up');
}
