import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expiryDate, formatAge, formatDuration, parseDuration } from './duration.ts';

test('parseDuration: reads units, combinations and bare seconds', () => {
  const forms: [string, number][] = [
    ['10s', 10_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['500ms', 500],
    ['30', 30_000],
    ['0', 0],
    ['1.5s', 1500],
    ['2w1d', 15 * 86_400_000],
    ['1m500ms', 60_500],
  ];
  for (const [text, ms] of forms) assert.equal(parseDuration(text), ms, text);
});

test('parseDuration: refuses everything else', () => {
  for (const text of [
    '',
    's',
    '-1s',
    '1 s',
    '30m1h',
    '1s1s',
    '1x',
    '1e3',
    '10S',
    '1h-5m',
    '9'.repeat(13),
    '999999999999w',
  ])
    assert.equal(parseDuration(text), undefined, text);
  assert.equal(parseDuration(`${'1'.repeat(50_000)}x`), undefined);
});

test('formatDuration: two units at most', () => {
  const forms: [number, string][] = [
    [0, '0ms'],
    [850.4, '850ms'],
    [999.7, '1s'],
    [4210, '4.2s'],
    [9960, '10s'],
    [59_700, '1m'],
    [185_000, '3m 5s'],
    [7_800_000, '2h 10m'],
    [86_399_000, '1d'],
    [442_800_000, '5d 3h'],
    [-1500, '-1.5s'],
  ];
  for (const [ms, text] of forms) assert.equal(formatDuration(ms), text);
});

test('formatAge: one unit, past and future', () => {
  const now = new Date('2026-06-15T12:00:00Z');
  const age = (then: string) => formatAge(new Date(then), now);
  assert.equal(age('2026-06-15T11:59:55Z'), 'just now');
  assert.equal(age('2026-06-15T11:59:30Z'), '30 seconds ago');
  assert.equal(age('2026-06-15T11:58:59Z'), '1 minute ago');
  assert.equal(age('2026-06-12T11:00:00Z'), '3 days ago');
  assert.equal(age('2024-06-15T12:00:00Z'), '2 years ago');
  assert.equal(age('2026-06-18T13:00:00Z'), 'in 3 days');
});

test('expiryDate: reads the expressions of Incus', () => {
  const start = new Date('2026-01-31T10:00:00Z');
  const expiry = (text: string) => expiryDate(text, start)?.toISOString();
  assert.equal(expiry('30M'), '2026-01-31T10:30:00.000Z');
  assert.equal(expiry('1H 1d'), '2026-02-01T11:00:00.000Z');
  assert.equal(expiry('2w'), '2026-02-14T10:00:00.000Z');
  assert.equal(expiry('1m'), '2026-02-28T10:00:00.000Z');
  assert.equal(expiry('1y1m'), '2027-02-28T10:00:00.000Z');
  assert.equal(expiry('1M 2H 3d 4w 5m 6y'), '2032-07-31T12:01:00.000Z');
  for (const text of ['', '1', '1s', '1M 2M', '-1d', 'd', '1 d', '999999y'])
    assert.equal(expiry(text), undefined, text);
});
