import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeName, partId, partName, tapName } from './names.ts';

test('a name of a device is an id of QEMU and back, and no two become one', () => {
  for (const name of ['data', 'a.b', 'a_2eb', 'a:b', '0', '_', '-x', 'n'.repeat(64)]) {
    assert.match(partId(name), /^[a-z][A-Za-z0-9_-]*$/);
    assert.equal(partName(partId(name)), name);
  }
  assert.equal(partName('balloon'), undefined);
  assert.ok(nodeName('n'.repeat(64), 99).length <= 31);
});

test('taps of long names stay apart', () => {
  assert.equal(tapName('eth0'), 't-eth0');
  const [one, two] = [tapName('abcdefghijklmn1'), tapName('abcdefghijklmn2')];
  assert.notEqual(one, two);
  assert.equal(one.length, 15);
});
