/** Guests go from root's daemon to that of an ordinary user and back, by export and import; owners stay what they are inside. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { importImage, lacking, startDaemon } from '../daemon.ts';
import { sureGast } from './gast.ts';
import { expectedOwners, makeOwnerFiles, ownersIn } from './rootless/owners.ts';
import { seenAsUser } from './rootless/run-as-user.ts';

test('a guest goes to the daemon of an ordinary user and comes back (A02, A05)', {
  skip: lacking(),
  timeout: 170_000,
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'exchange-'));
  using _folder = { [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
  chmodSync(folder, 0o777);
  await using daemon = await startDaemon();
  const gast = sureGast(daemon.env);
  await importImage(daemon, 'busybox', 'bb');
  await gast('launch', 'bb', 'web');
  await gast('exec', 'web', '--', 'sh', '-c', makeOwnerFiles);
  await gast('snapshot', 'create', 'web', 'before');
  await gast('export', 'web', join(folder, 'from-root.tar.gz'));
  chmodSync(join(folder, 'from-root.tar.gz'), 0o644);

  type Seen = { owners: string; map: string; snapshots: string };
  const seen = seenAsUser<Seen>('exchange-as-user.ts', { words: [folder] });

  await t.test('owners and modes are the same in the guest of the user', () => {
    assert.equal(seen.owners, expectedOwners);
    assert.match(seen.map, /^\s*0\s+0\s+65536\s*$/);
    assert.match(seen.snapshots, /^before/);
  });
  await t.test('and after the way back, with what was changed there', async () => {
    await gast('delete', '--force', 'web');
    await gast('import', join(folder, 'from-user.tar.gz'), 'back');
    await gast('start', 'back');
    assert.equal(await ownersIn(gast, 'back'), expectedOwners);
    assert.equal((await gast('exec', 'back', '--', 'stat', '-c', '%u:%g %a', '/root/by-user')).trim(), '77:88 4755');
    assert.doesNotMatch(await gast('exec', 'back', '--', 'cat', '/proc/self/uid_map'), /^\s*0\s+0\s/);
  });
});
