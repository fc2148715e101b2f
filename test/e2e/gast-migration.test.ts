/** `gast copy` and `gast move` between two servers (I06, H10). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importImage, lacking, startDaemon } from '../daemon.ts';
import { runGast } from './gast.ts';
import { openHome } from './remote-home.ts';

test('gast copies and moves guests between servers', { skip: lacking(), timeout: 200_000 }, async (t) => {
  await using first = await startDaemon();
  await using second = await startDaemon();
  using home = openHome(first);
  const { env, gast, meet } = home;
  await meet(second, 'otto');
  await importImage(first, 'busybox', 'bb');
  await gast('launch', 'bb', 'web');
  await gast('exec', 'web', '--', 'sh', '-c', 'echo hello > /root/note');
  await gast('stop', 'web', '--force');
  await gast('snapshot', 'create', 'web', 's0');

  await t.test('to a server, through this computer, when the source is not on the network', async () => {
    assert.equal(await gast('copy', 'web', 'otto:relayed'), 'relayed');
    assert.equal(await gast('file', 'pull', 'otto:relayed/root/note', '-'), 'hello');
    assert.match(await gast('info', 'otto:relayed'), /s0/);
  });
  await meet(first, 'karl');
  for (const mode of ['pull', 'push', 'relay']) {
    await t.test(`copy --mode ${mode}`, async () => {
      assert.equal(await gast('copy', 'karl:web', `otto:${mode}`, '--mode', mode), mode);
      assert.equal(await gast('file', 'pull', `otto:${mode}/root/note`, '-'), 'hello');
    });
    await t.test(`move --mode ${mode}, and back`, async () => {
      assert.equal(await gast('move', `otto:${mode}`, 'karl:back', '--mode', mode), 'back');
      assert.equal(await gast('file', 'pull', 'back/root/note', '-'), 'hello');
      const { code, stderr } = await runGast(env, ['info', `otto:${mode}`]);
      assert.notEqual(code, 0);
      assert.match(stderr, /not found/);
      await gast('delete', 'back');
    });
  }
  await t.test('a snapshot becomes a guest there', async () => {
    assert.equal(await gast('copy', 'karl:web/s0', 'otto:old', '--start'), 'old');
    assert.equal(await gast('exec', 'otto:old', '--', 'cat', '/root/note'), 'hello');
  });
  await t.test('a refresh brings what is new', async () => {
    await gast('start', 'web');
    await gast('exec', 'web', '--', 'sh', '-c', 'echo newer > /root/note');
    await gast('stop', 'web', '--force');
    await gast('config', 'set', 'web', 'user.note', 'x');
    await gast('copy', 'karl:web', 'otto:relayed', '--refresh');
    assert.equal(await gast('file', 'pull', 'otto:relayed/root/note', '-'), 'newer');
    assert.equal(await gast('config', 'get', 'otto:relayed', 'user.note'), 'x');
  });
  await t.test('a guest that runs does not move, and says why', async () => {
    await gast('start', 'web');
    const { code, stderr } = await runGast(env, ['move', 'karl:web', 'otto:web']);
    assert.notEqual(code, 0);
    assert.match(stderr, /The guest web runs/);
  });
});
