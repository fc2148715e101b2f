/** A user with fewer ids than a guest usually has (B10). */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { lacking } from '../daemon.ts';
import type { Ended } from './gast.ts';

type Seen = { launched: Ended; map: number[] } & Record<'info' | 'nobody' | 'pushed' | 'imported', string>;

test('a user with 1000 ids', { skip: lacking(), timeout: 170_000 }, async (t) => {
  const scratch = mkdtempSync('/var/tmp/gu-');
  chmodSync(scratch, 0o711);
  const program = join(import.meta.dirname, 'rootless/few-as-user.ts');
  const user = spawnSync(join(import.meta.dirname, '../../tools/as-user'), [process.execPath, program], {
    encoding: 'utf8',
    env: { ...process.env, TMPDIR: scratch, GASTHOF_TEST_IDS: '1000' },
    timeout: 160_000,
  });
  rmSync(scratch, { recursive: true, force: true });
  assert.equal(user.status, 0, user.stderr);
  const seen = JSON.parse(user.stdout) as Seen;

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
