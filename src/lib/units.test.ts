import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBytes, parseBits, parseBytes, parsePercent } from './units.ts';

test('parseBytes: reads every form of Incus', () => {
  const forms: [string, number][] = [
    ['0', 0],
    ['512', 512],
    ['512B', 512],
    ['512 bytes', 512],
    ['5kB', 5000],
    ['10GB', 1e10],
    ['64MiB', 67108864],
    ['64 MiB', 67108864],
    ['1.5GiB', 1610612736],
    ['7PiB', 7 * 1024 ** 5],
  ];
  for (const [text, bytes] of forms) assert.equal(parseBytes(text), bytes, text);
});

test('parseBytes: refuses everything else', () => {
  const bad = [
    '',
    ' ',
    '-1',
    '+1',
    '1e3',
    '0x10',
    '1,5GiB',
    '1.5',
    '.5GiB',
    '1.GiB',
    '64mib',
    '64M',
    '64K',
    'MiB',
    '١',
  ];
  bad.push('1  MiB', ' 1', '1 ', '1\n', 'Infinity', '9007199254740992', '8EiB', '9'.repeat(400), '1.1KiB', '10%');
  for (const text of bad) assert.equal(parseBytes(text), undefined, JSON.stringify(text));
});

test('formatBytes: shows what people read, and what parseBytes reads again', () => {
  const forms: [number, string][] = [
    [0, '0B'],
    [1023, '1023B'],
    [1024, '1KiB'],
    [1024 ** 2 - 1, '1MiB'],
    [1342177280, '1.25GiB'],
    [1.5 * 1024 ** 4, '1.5TiB'],
    [-2048, '-2KiB'],
  ];
  for (const [bytes, text] of forms) assert.equal(formatBytes(bytes), text);
  for (const bytes of [1, 4096, 1342177280]) assert.equal(parseBytes(formatBytes(bytes)), bytes);
});

test('parseBits and parsePercent: strict as well', () => {
  assert.equal(parseBits('100Mbit'), 1e8);
  assert.equal(parseBits('1Gbit'), 1e9);
  assert.equal(parseBits('2Mibit'), 2097152);
  assert.equal(parseBits('64000'), 64000);
  for (const text of ['100MB', '100mbit', '-1Mbit', '']) assert.equal(parseBits(text), undefined, text);
  assert.equal(parsePercent('10%'), 10);
  assert.equal(parsePercent('12.5%'), 12.5);
  assert.equal(parsePercent('100%'), 100);
  for (const text of ['10', '%', '-1%', '101%', '100.1%', '10 %', '1e1%'])
    assert.equal(parsePercent(text), undefined, text);
});
