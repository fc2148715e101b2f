import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closedHostTable } from './closed-host.ts';

test('every address of the host is closed, each in the set of its family; what is no address stays out', () => {
  const text = closedHostTable('t', ['192.0.2.7', '2001:db8::1', '10.0.0.1', '10.0.0.1', '1.2.3.4; accept']);
  assert.match(text, /set host4 \{ type ipv4_addr; elements = \{ 10\.0\.0\.1, 192\.0\.2\.7 \}/);
  assert.match(text, /set host6 \{ type ipv6_addr; elements = \{ 2001:db8::1 \}/);
  assert.ok(!text.includes('1.2.3.4'));
});

test('a host without a network has empty sets', () => {
  assert.match(closedHostTable('t', []), /set host4 \{ type ipv4_addr;\n/);
});
