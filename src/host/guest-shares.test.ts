import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chargedId, shareOf } from './guest-shares.ts';

test('one guest gets what it needs and never all', () => {
  assert.deepEqual([0, 8, 128, 256, 1024, 8192].map(shareOf), [0, 6, 96, 96, 256, 2048]);
});

test('namespaces of guests with ranges of their own are made by the first of their ids', () => {
  assert.equal(chargedId({ base: 65_536, size: 65_536 }, 'ffffffffffff'), 65_536);
});
