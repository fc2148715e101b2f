import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normaliseMac, randomMac } from './mac.ts';

test('randomMac: has the prefix of Incus guests', () => {
  assert.equal(
    randomMac((bytes) => 'abcdef'.slice(0, bytes * 2)),
    '10:66:6a:ab:cd:ef',
  );
});

test('normaliseMac: lower case and colons', () => {
  assert.equal(normaliseMac('10:66:6A:0B:cd:EF'), '10:66:6a:0b:cd:ef');
  assert.equal(normaliseMac('10-66-6a-00-00-01'), '10:66:6a:00:00:01');
});

test('normaliseMac: refuses what no guest may have', () => {
  const bad = ['', '10:66:6a', '10:66:6a:0b:cd:eg', '10:66-6a:0b:cd:ef', '01:00:5e:00:00:01', 'ff:ff:ff:ff:ff:ff'];
  for (const text of [...bad, '00:00:00:00:00:00', '10:66:6a:0b:cd:ef\n', ' 10:66:6a:0b:cd:ef', '10666a0bcdef'])
    assert.equal(normaliseMac(text), undefined, text);
});
