/** Guests of an ordinary user that are isolated from each other by ids of their own (A05, B10). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lacking } from '../daemon.ts';
import { expectedOwners } from './rootless/owners.ts';
import { seenAsUser } from './rootless/run-as-user.ts';

type Seen = {
  maps: string[][];
  sharedMap: string[];
  removed: number;
} & Record<'third' | 'inside' | 'pushed' | 'stopped' | 'shared' | 'copied', string>;

test('isolated guests of an ordinary user', { skip: lacking(), timeout: 170_000 }, async (t) => {
  const env = { GASTHOF_TEST_IDS: String(3 * 65_536) };
  const seen = seenAsUser<Seen>('isolated-as-user.ts', { env });
  const bases = (maps: string[][]) => maps.map(([, base]) => Number(base));

  await t.test('each has a range that no other guest has', () => {
    assert.deepEqual(bases(seen.maps), [0, 65_536, 131_072]);
  });
  await t.test('more of them than ranges are refused with what helps', () => {
    assert.match(seen.third, /no further range of 65536 ids .*\/etc\/subuid/);
  });
  await t.test('owners are right inside, of files made there and of those pushed', () => {
    assert.equal(seen.inside, expectedOwners);
    assert.equal(seen.pushed, '7:8 600');
  });
  await t.test('files are reached while the guest is stopped', () => assert.equal(seen.stopped, '1'));
  await t.test('one that is isolated no longer keeps its files, and what was removed stays removed', () => {
    assert.deepEqual(bases([seen.sharedMap]), [0]);
    assert.equal(seen.shared, expectedOwners);
    assert.notEqual(seen.removed, 0);
  });
  await t.test('a copy has the same files', () => assert.equal(seen.copied, expectedOwners));
});
