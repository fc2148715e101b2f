import assert from 'node:assert/strict';
import { test } from 'node:test';
import { overlaps, parsePrefix } from '../../lib/ip.ts';
import { chooseFreeSubnets, usedPrefix } from './free-subnets.ts';

test('chooseFreeSubnets: avoids what is used, moves to another block when a VPN takes all of 10/8 (Q06)', () => {
  const used = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/17', '0.0.0.0/0', '::/0', 'fd00::1'].map(usedPrefix);
  for (let n = 0; n < 50; n++) {
    const { ipv4, ipv6 } = chooseFreeSubnets(used);
    assert.match(ipv4, /^192\.168\.(1[2-9]\d|2\d\d)\.0\/24$/);
    assert.match(ipv6, /^fd[0-9a-f:]+::\/64$/);
    for (const prefix of used.filter(({ length }) => length > 0))
      for (const chosen of [ipv4, ipv6]) assert.ok(!overlaps(prefix, parsePrefix(chosen) ?? prefix));
  }
});

test('chooseFreeSubnets: says so when nothing is free', () => {
  const all = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'].map(usedPrefix);
  assert.throws(() => chooseFreeSubnets(all), /no private IPv4/);
  assert.throws(() => usedPrefix('10.0.0.0/8; drop'), /neither an address/);
});
