/** A user with fewer ids than a guest usually has (B10). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lacking } from '../daemon.ts';
import type { Ended } from './gast.ts';
import { seenAsUser } from './rootless/run-as-user.ts';

type Seen = { launched: Ended; map: number[] } & Record<'info' | 'nobody' | 'pushed' | 'imported', string>;

test('a user with 1000 ids', { skip: lacking(), timeout: 170_000 }, async (t) => {
  const seen = seenAsUser<Seen>('few-as-user.ts', { env: { GASTHOF_TEST_IDS: '1000' } });

  await t.test('has guests with as many, and nobody', () => {
    assert.equal(seen.launched.code, 0, seen.launched.stderr);
    assert.match(seen.launched.stdout, /^few \d+\.\d+\.\d+\.\d+/);
    assert.deepEqual(seen.map, [0, 0, 999, 65_534, 65_534, 1]);
    assert.equal(seen.nobody, '65534:65534');
    assert.match(seen.info, /^Ids: 0 to 998 are \d+ to \d+, 65534 are \d+ on the server, shared/m);
  });
  await t.test('is told which ids are too many', () => {
    assert.match(seen.pushed, /owner 5000 is outside 0 to 998/);
    assert.match(seen.imported, /member "tree\/": its owner 5000:5000 is beyond the 999 ids that this user has/);
  });
});
