import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chosenName } from './snapshot-name.ts';

const now = new Date('2026-11-02T03:04:05.678Z');

test('snapshot names: counters, dates, and what is taken already', () => {
  assert.equal(chosenName('snap%d', [], now), 'snap0');
  assert.equal(chosenName('snap%d', ['snap0', 'snap7', 'other'], now), 'snap8');
  assert.equal(chosenName('a%db', ['a0b', 'a3b', 'a9'], now), 'a4b');
  assert.equal(chosenName('{{ creation_date|date:"2006-01-02_15-04-05" }}', [], now), '2026-11-02_03-04-05');
  assert.equal(chosenName("auto-{{ creation_date|date:'Jan 2' }}-%d", ['auto-Nov 2-0'], now), 'auto-Nov 2-1');
  assert.equal(chosenName('{{ creation_date }}', [], now), '2026-11-02T03:04:05');
  assert.equal(chosenName('daily', ['daily'], now), 'daily-0');
  assert.equal(chosenName('daily', ['daily', 'daily-0'], now), 'daily-1');
  assert.throws(() => chosenName('%d%d', [], now), /only once/);
  assert.throws(() => chosenName('{{ x|exec }}', [], now), /unknown filter/);
});
