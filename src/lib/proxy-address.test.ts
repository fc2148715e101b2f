import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pairError, parseProxyAddress } from './proxy-address.ts';

test('addresses of proxies are read', () => {
  assert.deepEqual(parseProxyAddress('tcp:127.0.0.1:80'), { kind: 'tcp', host: '127.0.0.1', ports: [80] });
  assert.deepEqual(parseProxyAddress('udp:[::1]:53,60-62'), { kind: 'udp', host: '::1', ports: [53, 60, 61, 62] });
  assert.deepEqual(parseProxyAddress('unix:/run/x'), { kind: 'unix', path: '/run/x', abstract: false });
  assert.deepEqual(parseProxyAddress('unix:@x'), { kind: 'unix', path: 'x', abstract: true });
});

test('what is no address is told', () => {
  for (const text of [
    '',
    'tcp',
    'tcp:',
    'tcp:1.2.3.4',
    'tcp:1.2.3.4:0',
    'tcp:1.2.3.4:70000',
    'tcp:1.2.3.4:5-4',
    'tcp:x:80',
  ])
    assert.equal(typeof parseProxyAddress(text), 'string', text);
  for (const text of [
    'tcp:::1:80',
    'tcp:1.2.3.4:1-60000',
    'unix:x',
    'unix:',
    'unix:/a/../b',
    'sctp:1.2.3.4:5',
    `unix:/${'x'.repeat(120)}`,
  ])
    assert.equal(typeof parseProxyAddress(text), 'string', text);
});

test('only pairs that can work are taken', () => {
  const pair = (listen: string, connect: string) => {
    const [from, to] = [parseProxyAddress(listen), parseProxyAddress(connect)];
    assert.ok(typeof from !== 'string' && typeof to !== 'string');
    return pairError(from, to);
  };
  assert.equal(pair('tcp:0.0.0.0:80-82', 'tcp:127.0.0.1:90-92'), undefined);
  assert.equal(pair('tcp:0.0.0.0:80-82', 'unix:/x'), undefined);
  assert.match(pair('tcp:0.0.0.0:80-82', 'tcp:127.0.0.1:90-91') ?? '', /Mismatch/);
  assert.match(pair('udp:0.0.0.0:80', 'tcp:127.0.0.1:90') ?? '', /not supported/);
});
