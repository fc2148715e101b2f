import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  contains,
  formatIp,
  formatPrefix,
  type Ip,
  ipFromBytes,
  ipToBytes,
  ipv4Mask,
  isMac,
  linkLocalOf,
  nthAddress,
  overlaps,
  type Prefix,
  parseIp,
  parsePrefix,
  uniqueLocalPrefix,
} from './ip.ts';

function ip(text: string): Ip {
  const parsed = parseIp(text);
  assert.ok(parsed, text);
  return parsed;
}

function prefix(text: string): Prefix {
  const parsed = parsePrefix(text);
  assert.ok(parsed, text);
  return parsed;
}

const shown = (address: Ip | undefined) => address && formatIp(address);

test('parseIp and formatIp: canonical text comes back, other spellings become canonical', () => {
  for (const text of [
    '0.0.0.0',
    '10.1.2.3',
    '255.255.255.255',
    '::',
    '::1',
    'fe80::1',
    'fd00:0:0:1::',
    '1:2:3:4:5:6:7:8',
  ])
    assert.equal(formatIp(ip(text)), text);
  assert.equal(formatIp(ip('FD00:0:0:0:0:0:0:0A')), 'fd00::a');
  assert.equal(formatIp(ip('1:0:0:2:0:0:0:3')), '1:0:0:2::3');
  assert.equal(formatIp(ip('1:0:2:3:4:5:6:7')), '1:0:2:3:4:5:6:7');
  assert.equal(formatIp(ip('::ffff:192.0.2.1')), '::ffff:c000:201');
});

test('parseIp: refuses what is not an address', () => {
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4/24',
    ' 1.2.3.4',
    'a.b.c.d',
    ':',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    '1:2:3:4:5:6:7::8',
    'g::',
    '12345::',
    'fe80::1%eth0',
    '::1; drop',
    '::1.2.3',
  ])
    assert.equal(parseIp(text), undefined, text);
});

test('parsePrefix: gives the network, refuses wrong lengths', () => {
  assert.equal(formatPrefix(prefix('10.1.2.3/24')), '10.1.2.0/24');
  assert.equal(formatPrefix(prefix('fd00::1:2/64')), 'fd00::/64');
  assert.equal(formatPrefix(prefix('1.2.3.4/0')), '0.0.0.0/0');
  for (const text of ['10.0.0.0', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/-1', '10.0.0.0/024', '::/129', '::/64/64'])
    assert.equal(parsePrefix(text), undefined, text);
});

test('contains and overlaps: by bits and family', () => {
  assert.ok(contains(prefix('10.0.0.0/8'), ip('10.255.0.1')));
  assert.ok(!contains(prefix('10.0.0.0/8'), ip('11.0.0.1')));
  assert.ok(!contains(prefix('0.0.0.0/0'), ip('::1')));
  assert.ok(overlaps(prefix('10.0.0.0/8'), prefix('10.1.2.0/24')));
  assert.ok(overlaps(prefix('10.1.2.0/24'), prefix('10.0.0.0/8')));
  assert.ok(!overlaps(prefix('10.1.2.0/24'), prefix('10.1.3.0/24')));
  assert.ok(!overlaps(prefix('::/0'), prefix('0.0.0.0/0')));
});

test('nthAddress: counts from both ends and stays inside', () => {
  assert.equal(shown(nthAddress(prefix('10.1.2.0/24'), 1)), '10.1.2.1');
  assert.equal(shown(nthAddress(prefix('10.1.2.0/24'), -1)), '10.1.2.255');
  assert.equal(shown(nthAddress(prefix('fd00::/64'), 0x1_0000)), 'fd00::1:0');
  assert.equal(nthAddress(prefix('10.1.2.0/24'), 256), undefined);
  assert.equal(nthAddress(prefix('10.1.2.0/24'), -257), undefined);
});

test('bytes, masks, MACs', () => {
  for (const text of ['10.1.2.3', 'fd00::1:2']) assert.equal(formatIp(ipFromBytes(ipToBytes(ip(text)))), text);
  assert.equal(ipv4Mask(24), '255.255.255.0');
  assert.equal(ipv4Mask(0), '0.0.0.0');
  assert.equal(formatIp(linkLocalOf('02:77:01:00:00:01')), 'fe80::77:1ff:fe00:1');
  assert.ok(isMac('02:77:01:AA:00:01'));
  assert.ok(!isMac('02:77:01:aa:00'));
});

test('uniqueLocalPrefix: an fd.. /64 of the random bytes', () => {
  assert.equal(formatPrefix(uniqueLocalPrefix(Uint8Array.from([1, 2, 3, 4, 5, 6, 7]))), 'fd01:203:405:607::/64');
  assert.throws(() => uniqueLocalPrefix(Uint8Array.from([1])), RangeError);
});
