/** `gast storage volume copy` and `move` between two servers (I06). */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { lacking, startDaemon } from '../daemon.ts';
import { freePort } from './foreign/joined.ts';
import { runGast } from './gast.ts';

test('gast copies and moves custom volumes between servers', { skip: lacking(), timeout: 200_000 }, async (t) => {
  await using first = await startDaemon();
  await using second = await startDaemon();
  const home = mkdtempSync(join(tmpdir(), 'gast-home-'));
  using _home = { [Symbol.dispose]: () => rmSync(home, { recursive: true, force: true }) };
  const env = { ...first.env, GASTHOF_CONF: home };
  const gast = async (...words: string[]) => {
    const { code, stdout, stderr } = await runGast(env, words);
    assert.equal(code, 0, `gast ${words.join(' ')}: ${stderr}`);
    return stdout.trim();
  };
  const meet = async (daemon: typeof first, name: string) => {
    const own = { ...daemon.env, GASTHOF_CONF: home };
    const address = `127.0.0.1:${await freePort()}`;
    for (const words of [['config', 'set', 'core.https_address', address]])
      assert.equal((await runGast(own, words)).code, 0);
    const { stdout } = await runGast(own, ['config', 'trust', 'add', `for-${name}`]);
    const token = stdout.trim().split(/\s+/).at(-1) ?? '';
    await gast('remote', 'add', name, token);
  };
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
