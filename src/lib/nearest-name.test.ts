import assert from 'node:assert/strict';
import { test } from 'node:test';
import { editDistance, nearestName } from './nearest-name.ts';

test('editDistance counts a swap of neighbours once', () => {
  assert.equal(editDistance('naem', 'name'), 1);
  assert.equal(editDistance('', 'abc'), 3);
  assert.equal(editDistance('kitten', 'sitting'), 3);
});

test('nearestName finds the typing error and leaves strangers alone', () => {
  assert.equal(nearestName('profile', ['config', 'profiles', 'devices']), 'profiles');
  assert.equal(nearestName('zzz', ['config', 'profiles']), undefined);
  assert.equal(nearestName('x'.repeat(100_000), ['config']), undefined);
});
