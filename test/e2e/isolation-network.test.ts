/** What a guest hears and reaches of the traffic of others; real guests on the daemon's own bridge (B14). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { InstanceFull } from '../../src/api/resources/instances.ts';
import { lacking } from '../daemon.ts';
import { listen } from './isolation/frames.ts';
import { openHouse } from './isolation/house.ts';
import { perl, shell } from './isolation/inside.ts';
import { type Outside, perlProgram } from './isolation/probe.ts';

test('a guest hears and takes over no traffic of others', { skip: lacking() }, async (t) => {
  await using house = await openHouse();
  const { client } = house;
  await Promise.all([
    house.launch('alone', 'debian'),
    house.launch('given', 'debian'),
    house.launch('third', 'busybox'),
  ]);
  const [alone, given] = await Promise.all([cardOf('alone'), cardOf('given')]);
  const sh = async (script: string, name = 'alone') => (await shell(client, name, script)).stdout;
  const gateway = (await sh("ip route | sed -n 's/^default via \\([0-9.]*\\).*/\\1/p'")).trim();
  const facts: Outside = {
    ...house.outside,
    OWN_MAC: alone.hwaddr,
    OWN_IP: alone.ipv4,
    OTHER_MAC: given.hwaddr,
    OTHER_IP: given.ipv4,
    GATEWAY: gateway,
  };
  const pl = async (script: string, name = 'alone') => {
    const { stdout, stderr } = await perl(client, name, perlProgram(script, facts));
    return stdout + stderr;
  };
  const hex = (text: string) => Buffer.from(text).toString('hex').padEnd(32, '20').slice(0, 32);
  const ping = (text: string, to: string) => `ping -c 5 -i 0.2 -W 20 -p ${hex(text)} ${to} >/dev/null && echo answered`;

  await t.test('unicast traffic of a neighbour is not heard, not even in promiscuous mode', async () => {
    const heard = pl(listen);
    await until(() => sh('ls /root/listening'));
    assert.equal(await sh(ping('secret traffic', gateway), 'given'), 'answered\n');
    assert.equal(await sh(ping('own traffic', gateway)), 'answered\n');
    await sh('touch /root/stop');
    assert.equal(await heard, 'own traffic\n');
  });

  await t.test('a MAC taken from the neighbour draws none of its traffic', async () => {
    const heard = pl(listen);
    await until(() => sh('ls /root/listening'));
    const steal = pl(`my ($other, $own) = map { pack 'H*', s/://gr } $outside{OTHER_MAC}, $outside{OWN_MAC};
      socket(my $wire, 17, 3, 0x0300); open(my $file, '<', '/sys/class/net/eth0/ifindex'); my $index = <$file>;
      my $to = pack('SnlSCCa8', 17, 3, $index, 1, 0, 6, $own); my $frame = ("\\xff" x 6) . $other . "\\x08\\x06" . ("\\0" x 46);
      for (1 .. 300) { send($wire, $frame, 0, $to); select undef, undef, undef, 0.005 } print 'sent';`);
    assert.equal(await sh(ping('secret traffic', gateway), 'given'), 'answered\n');
    assert.equal(await steal, 'sent');
    await sh('touch /root/stop');
    assert.doesNotMatch(await heard, /secret/);
  });

  await t.test('thousands of false MACs do not turn the bridge into a hub', async () => {
    const heard = pl(listen);
    await until(() => sh('ls /root/listening'));
    await pl(`socket(my $wire, 17, 3, 0x0300); open(my $file, '<', '/sys/class/net/eth0/ifindex'); my $index = <$file>;
      my $to = pack('SnlSCCa8', 17, 3, $index, 1, 0, 6, "\\xff" x 6);
      for (1 .. 20000) { send($wire, ("\\xff" x 6) . "\\x02" . pack('xN', $_) . "\\x08\\x06" . ("\\0" x 46), 0, $to) }`);
    assert.equal(await sh(ping('secret traffic', gateway), 'given'), 'answered\n');
    await sh('touch /root/stop');
    assert.doesNotMatch(await heard, /secret/);
  });

  await t.test('an address taken from the neighbour or the gateway reaches nobody', async () => {
    await sh(`ip address add ${given.ipv4}/32 dev eth0`);
    assert.equal(await sh(`ping -c 2 -W 2 -I ${given.ipv4} ${gateway} >/dev/null && echo answered`), '');
    await sh(`ip address add ${gateway}/32 dev eth0`);
    await sh('ip neighbour flush dev eth0', 'given');
    assert.equal(await sh(ping('secret traffic', gateway), 'given'), 'answered\n');
    const [, mac] = /lladdr (\S+)/.exec(await sh(`ip neighbour show ${gateway}`, 'given')) ?? [];
    assert.ok(mac !== undefined && mac !== alone.hwaddr, mac ?? 'none');
    await sh(`ip address del ${given.ipv4}/32 dev eth0; ip address del ${gateway}/32 dev eth0`);
  });

  await t.test('its own bridge, VLAN, macvlan or tunnel carries it no further', async () => {
    await sh(`ip link add link eth0 name v5 type vlan id 5 && ip link set v5 up && ip address add 10.99.0.1/24 dev v5
      ip link add link eth0 name m0 type macvlan && ip link set m0 up && ip address add 10.99.1.1/24 dev m0`);
    await sh(
      `ip link add link eth0 name v5 type vlan id 5 && ip link set v5 up && ip address add 10.99.0.2/24 dev v5
      ip link add link eth0 name m0 type macvlan && ip link set m0 up && ip address add 10.99.1.2/24 dev m0`,
      'given',
    );
    for (const to of ['10.99.0.2', '10.99.1.2'])
      assert.equal(await sh(`ping -c 2 -W 2 ${to} >/dev/null && echo answered`), '', to);
    for (const name of ['alone', 'given']) await sh('ip link del v5; ip link del m0', name);
  });

  await t.test('names of other guests cannot be claimed by DHCP', async () => {
    // udhcpc would ask so: a DISCOVER and REQUEST with the neighbour's host name (option 12).
    const claim = `my $own = pack 'H*', $outside{OWN_MAC} =~ s/://gr; socket(my $s, 2, 2, 17); setsockopt($s, 1, 6, 1); setsockopt($s, 1, 2, 1);
      bind($s, pack('Sna4x8', 2, 68, "\\0" x 4)) or die "bind $!";
      my $ip = pack 'C4', split /\\./, $outside{OWN_IP}; my $server = pack 'C4', split /\\./, $outside{GATEWAY};
      for my $kind (1, 3) { my $more = $kind == 3 ? "\\x32\\x04$ip\\x36\\x04$server" : '';
        send($s, pack('CCCCNnna4a4a4a4a6x10x64x128', 1, 1, 6, 0, 77, 0, 0x8000, ('') x 4, $own) . "\\x63\\x82\\x53\\x63\\x35\\x01" . chr($kind) . "\\x0c\\x05given$more\\xff", 0, pack('Sna4x8', 2, 67, "\\xff" x 4)) or print "send $!"; sleep 1 } print 'asked';`;
    assert.equal(await pl(claim), 'asked');
    const lookup = `socket(my $s, 2, 2, 17); my $server = pack('Sna4x8', 2, 53, pack 'C4', split /\\./, $outside{GATEWAY});
      send($s, pack('n6', 7, 0x100, 1, 0, 0, 0) . "\\x05given\\x04gast\\0\\0\\1\\0\\1", 0, $server); alarm 20; recv($s, my $answer, 512, 0);
      print unpack('n', substr $answer, 6), ' ', join('.', unpack 'C4', substr $answer, -4);`;
    assert.equal(await pl(lookup), `1 ${given.ipv4}`);
  });

  await t.test('raw netlink and uevents tell of its own namespace only', async () => {
    assert.equal(await sh("ls /sys/class/net | tr '\\n' ' '"), 'eth0 lo ');
    assert.doesNotMatch(
      await sh('ip -d link; cat /proc/net/dev; cat /proc/net/arp'),
      new RegExp(facts.CGROUP_PARENT ?? ''),
    );
    assert.equal(await sh('ip link set eth0 netns 1 2>/dev/null && cat /proc/1/net/dev | grep -c gast'), '0\n');
  });

  async function cardOf(name: string): Promise<{ hwaddr: string; ipv4: string }> {
    const guest = (await client.call('GET /1.0/instances/{name}', {
      params: { name },
      query: { recursion: '1' },
    })) as InstanceFull;
    const nic = guest.state?.network?.eth0;
    const ipv4 = nic?.addresses.find(({ family, scope }) => family === 'inet' && scope === 'global')?.address;
    return { hwaddr: nic?.hwaddr ?? '', ipv4: ipv4 ?? '' };
  }
});

async function until(look: () => Promise<string>): Promise<void> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await setTimeout(50))
    if ((await look()) !== '') return;
  throw new Error('not within 60 s');
}
