/** The laws of src/core/ports/network.ts that hold for every implementation, with or without a kernel behind it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NetworkSpec, Networks, NicSpec } from '../../src/core/ports/network.ts';
import { overlaps, parsePrefix } from '../../src/lib/ip.ts';

export type NetworkUnderTest = AsyncDisposable & {
  networks: Networks;
  /** A process in a network namespace of its own. */
  guest(): Promise<number>;
};

export function sampleNetwork(changes: Partial<NetworkSpec> = {}): NetworkSpec {
  return {
    name: 'lan',
    link: 'gtbr0',
    mtu: 1500,
    ipv4: { address: '10.77.1.1', prefix: 24, nat: true, dhcp: true },
    ipv6: { address: 'fd77:1::1', prefix: 64, nat: true, dhcp: true },
    domain: 'guests.test',
    nameservers: [],
    rawDnsmasq: '',
    ...changes,
  };
}

/** NIC number n: g1 has 10.77.1.101, fd77:1::101 and so on. */
export function sampleNic(n: number, changes: Partial<NicSpec> = {}): NicSpec {
  return {
    guest: `g${n}`,
    name: 'eth0',
    hostname: `g${n}`,
    network: 'lan',
    link: 'gtbr0',
    hostName: `gt${n}`,
    hwaddr: `02:77:01:00:00:${n.toString(16).padStart(2, '0')}`,
    mtu: 1500,
    ipv4: { address: `10.77.1.${100 + n}`, prefix: 24, gateway: '10.77.1.1' },
    ipv6: { address: `fd77:1::${100 + n}`, prefix: 64, gateway: 'fd77:1::1' },
    limits: {},
    filters: { mac: true, ipv4: true, ipv6: true },
    ...changes,
  };
}

export function networkSuite(name: string, open: () => Promise<NetworkUnderTest>): void {
  test(`${name}: ensure makes a network that observe, links and leases show; remove takes it away`, async () => {
    await using host = await open();
    const { networks } = host;
    await networks.ensure(sampleNetwork());
    assert.deepEqual((await networks.observe()).networks, [{ name: 'lan', link: 'gtbr0' }]);
    assert.equal((await networks.links()).find((link) => link.name === 'gtbr0')?.type, 'bridge');
    const leases = await networks.leases('lan');
    assert.deepEqual(
      leases.map(({ type, address }) => ({ type, address })),
      [
        { type: 'gateway', address: '10.77.1.1' },
        { type: 'gateway', address: 'fd77:1::1' },
      ],
    );
    await networks.remove({ name: 'lan', link: 'gtbr0' });
    assert.deepEqual(await networks.observe(), { networks: [], nics: [] });
    assert.equal(
      (await networks.links()).some((link) => link.name === 'gtbr0'),
      false,
    );
    await assert.rejects(networks.leases('lan'), /lan is not running/);
  });

  test(`${name}: what is absent can be removed and detached`, async () => {
    await using host = await open();
    await host.networks.remove({ name: 'never', link: 'gtnever' });
    await host.networks.detach(sampleNic(1));
    assert.deepEqual(await host.networks.observe(), { networks: [], nics: [] });
  });

  test(`${name}: ensure may be repeated and changed without losing NICs`, async () => {
    await using host = await open();
    const { networks } = host;
    await networks.ensure(sampleNetwork());
    await networks.admit(sampleNic(1));
    await networks.attach(sampleNic(1), await host.guest());
    await networks.ensure(sampleNetwork());
    await networks.ensure(sampleNetwork({ domain: 'other.test' }));
    const [nic, ...more] = (await networks.observe()).nics;
    assert.deepEqual([nic?.hostName, nic?.guest, nic?.name, more.length], ['gt1', 'g1', 'eth0', 0]);
    // What it was made from, so that a next daemon can tell whether it is still what is wanted.
    assert.equal(nic?.spec?.hwaddr, sampleNic(1).hwaddr);
    assert.ok((await networks.links()).some((link) => link.name === 'gt1'));
  });

  test(`${name}: a NIC is admitted, then attached, then detached`, async () => {
    await using host = await open();
    const { networks } = host;
    const nic = sampleNic(1);
    await assert.rejects(networks.admit(nic), /lan is not running/);
    await networks.ensure(sampleNetwork());
    const pid = await host.guest();
    await assert.rejects(networks.attach(nic, pid), /was not admitted/);
    const isHalf = async () => (await networks.observe()).nics.map(({ half }) => half === true);
    await networks.admit(nic);
    assert.deepEqual(await isHalf(), [true]);
    await networks.attach(nic, pid);
    assert.deepEqual(await isHalf(), [false]);
    const mine = (await networks.leases('lan')).filter(({ hostname }) => hostname === 'g1');
    assert.deepEqual(mine, [
      { hostname: 'g1', hwaddr: nic.hwaddr, address: '10.77.1.101', type: 'static' },
      { hostname: 'g1', hwaddr: nic.hwaddr, address: 'fd77:1::101', type: 'static' },
    ]);
    await networks.detach(nic);
    assert.deepEqual((await networks.observe()).nics, []);
    assert.equal(
      (await networks.leases('lan')).some(({ hostname }) => hostname === 'g1'),
      false,
    );
    await networks.detach(nic);
    await assert.rejects(networks.attach(nic, pid), /was not admitted/);
  });

  test(`${name}: a detached NIC may keep its reservation, and comes back`, async () => {
    await using host = await open();
    const { networks } = host;
    await networks.ensure(sampleNetwork());
    await networks.admit(sampleNic(1));
    await networks.detach(sampleNic(1), { keepLease: true });
    assert.deepEqual((await networks.observe()).nics, []);
    assert.ok((await networks.leases('lan')).some(({ hostname }) => hostname === 'g1'));
    await networks.admit(sampleNic(1));
    await networks.attach(sampleNic(1), await host.guest());
    assert.equal((await networks.observe()).nics.length, 1);
  });

  test(`${name}: freeSubnets keeps away from running networks and from what is taken (Q06)`, async () => {
    await using host = await open();
    const { networks } = host;
    await networks.ensure(sampleNetwork());
    const first = await networks.freeSubnets([]);
    const second = await networks.freeSubnets([first.ipv4, first.ipv6, '10.78.0.1']);
    assert.match(first.ipv4, /\.0\/24$/);
    assert.match(first.ipv6, /^fd.*::\/64$/);
    for (const [chosen, used] of [
      [first.ipv4, '10.77.1.0/24'],
      [first.ipv6, 'fd77:1::/64'],
    ] as const)
      assert.ok(!overlaps(prefix(chosen), prefix(used)), chosen);
    assert.notEqual(second.ipv4, first.ipv4);
    assert.notEqual(second.ipv6, first.ipv6);
  });
}

function prefix(text: string) {
  const parsed = parsePrefix(text);
  assert.ok(parsed, text);
  return parsed;
}
