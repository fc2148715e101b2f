import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NetworkSpec, NicSpec } from '../../core/ports/network.ts';
import { checkNetworkName, checkNetworkSpec, checkNicSpec } from './spec-check.ts';

const network: NetworkSpec = {
  name: 'lan',
  link: 'gtbr0',
  mtu: 1500,
  ipv4: {
    address: '10.77.1.1',
    prefix: 24,
    nat: true,
    dhcp: true,
    dhcpRange: { from: '10.77.1.50', to: '10.77.1.60' },
  },
  ipv6: { address: 'fd77:1::1', prefix: 64, nat: true, dhcp: true },
  domain: 'guests.test',
  nameservers: ['9.9.9.9', '2620:fe::fe'],
  rawDnsmasq: 'cache-size=10\nlog-queries',
};
const nic: NicSpec = {
  guest: 'default/web',
  name: 'eth0',
  hostname: 'web',
  network: 'lan',
  link: 'gtbr0',
  hostName: 'gt1',
  hwaddr: '02:77:01:00:00:01',
  mtu: 1500,
  limits: {},
  filters: { mac: true, ipv4: true, ipv6: true },
};

test('spec checks: what is meant passes', () => {
  checkNetworkSpec(network);
  checkNicSpec(nic);
});

test('spec checks: text that would mean something else in rules, files or paths is refused and named', () => {
  const networks: Partial<NetworkSpec>[] = [
    { name: '../../etc' },
    { link: 'br0" accept' },
    { link: 'sixteencharacter' },
    { domain: 'a\nserver=6.6.6.6' },
    { nameservers: ['9.9.9.9\naddn-hosts=/etc/shadow'] },
    { mtu: 1200 },
    { ipv4: { address: '10.0.0.1; flush ruleset', prefix: 24, nat: true, dhcp: true } },
    {
      ipv4: { address: '10.0.0.1', prefix: 24, nat: true, dhcp: true, dhcpRange: { from: '10.0.1.1', to: '10.0.1.9' } },
    },
    { rawDnsmasq: 'a\0b' },
  ];
  for (const change of networks)
    assert.throws(() => checkNetworkSpec({ ...network, ...change }), /unusable/, JSON.stringify(change));
  const nics: Partial<NicSpec>[] = [
    { hostName: '../x' },
    { name: 'eth0 up' },
    { hostname: 'web,set:x' },
    { hwaddr: '03:00:00:00:00:01' },
    { hwaddr: '02:77:01:00:00:01 } ; flush ruleset' },
    { ipv4: { address: 'fd00::1', prefix: 24, gateway: '10.0.0.1' } },
    { limits: { egressBits: Number.NaN } },
  ];
  for (const change of nics)
    assert.throws(() => checkNicSpec({ ...nic, ...change }), /unusable/, JSON.stringify(change));
  assert.throws(() => checkNetworkName('..'), /unusable name/);
});
