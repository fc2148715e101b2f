/** `gast storage volume copy` and `move` between two servers (I06). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lacking, startDaemon } from '../daemon.ts';
import { runGast } from './gast.ts';
import { openHome } from './remote-home.ts';

test('gast copies and moves custom volumes between servers', { skip: lacking(), timeout: 200_000 }, async (t) => {
  await using first = await startDaemon();
  await using second = await startDaemon();
  using home = openHome(first);
  const { env, gast, meet } = home;
  await meet(second, 'otto');
  await meet(first, 'karl');
  await gast('storage', 'volume', 'create', 'default', 'data', 'user.x=1');
  await gast('storage', 'volume', 'snapshot', 'create', 'default', 'data', 's0');
  const look = (server: string, volume: string) => gast('storage', 'volume', 'show', `${server}:default`, volume);
  for (const mode of ['pull', 'push', 'relay'])
    await t.test(`storage volume copy and move --mode ${mode}`, async () => {
      await gast('storage', 'volume', 'copy', 'karl:default/data', `otto:default/${mode}`, '--mode', mode);
      assert.match(await look('otto', mode), /user.x: "?1/);
      assert.match(await gast('storage', 'volume', 'snapshot', 'list', 'otto:default', mode), /s0/);
      await gast('storage', 'volume', 'copy', 'karl:default/data', `otto:default/${mode}`, '--mode', mode, '--refresh');
      await gast('storage', 'volume', 'move', `otto:default/${mode}`, `karl:default/${mode}`, '--mode', mode);
      assert.match(await look('karl', mode), /user.x: "?1/);
      const gone = await runGast(env, ['storage', 'volume', 'show', 'otto:default', mode]);
      assert.match(gone.stderr, /not found/);
    });
  await t.test('a snapshot of a volume becomes a volume there, and what is missing is refused', async () => {
    await gast('storage', 'volume', 'copy', 'karl:default/data/s0', 'otto:default/old', '--volume-only');
    assert.match(await look('otto', 'old'), /user.x: "?1/);
    const missing = await runGast(env, ['storage', 'volume', 'copy', 'karl:default/none', 'otto:default/none']);
    assert.notEqual(missing.code, 0);
    assert.match(missing.stderr, /not found/);
  });
});
