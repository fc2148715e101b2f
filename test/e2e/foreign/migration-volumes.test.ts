/** Copies and moves of custom volumes between two servers by the unmodified incus client, in all three modes (I06). */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { startDaemon } from '../../daemon.ts';
import { foreignClients, lackingClients } from './clients.ts';
import { joinServer } from './joined.ts';
import { lookAtOurs } from './looked-up.ts';

test('incus copies and moves custom volumes', { skip: lackingClients('incus'), timeout: 300_000 }, async (t) => {
  await using first = await startDaemon();
  await using second = await startDaemon();
  using clients = foreignClients(first);
  const { incus } = clients;
  await joinServer(incus, 'g1', join(first.directory, 'unix.socket'));
  await joinServer(incus, 'g2', join(second.directory, 'unix.socket'));
  const [g1, g2] = [lookAtOurs(first.directory), lookAtOurs(second.directory)];
  const volume = (...words: string[]) => incus.run(['storage', 'volume', ...words]);
  const v1 = await g1.newVolume(() => volume('create', 'g1:default', 'v1', 'user.x=1'));
  g1.files.makeSample(v1);
  const old = g1.files.state(v1);
  await volume('snapshot', 'create', 'g1:default', 'v1', 'vs0');
  g1.files.write(join(v1, 'etc/note'), 'new');
  g1.files.remove(join(v1, 'etc/remove-me'));

  for (const mode of ['pull', 'push', 'relay']) {
    let copied = '';
    await t.test(`storage volume copy --mode ${mode}`, async () => {
      copied = await g2.newVolume(() => volume('copy', 'g1:default/v1', `g2:default/${mode}`, '--mode', mode));
      assert.deepEqual(g2.files.state(copied), g1.files.state(v1));
      assert.equal((await g2.volume(mode)).config['user.x'], '1');
      assert.deepEqual(await g2.volumeSnapshots(mode), await g1.volumeSnapshots('v1'));
    });
    await t.test(`storage volume copy --mode ${mode}: its snapshot is what it was`, async () => {
      await volume('snapshot', 'restore', 'g2:default', mode, 'vs0');
      assert.deepEqual(g2.files.state(copied), old);
    });
    await t.test(`storage volume copy --mode ${mode} --volume-only`, async () => {
      await volume('copy', 'g1:default/v1', `g2:default/${mode}-only`, '--mode', mode, '--volume-only');
      assert.deepEqual(await g2.volumeSnapshots(`${mode}-only`), []);
    });
    await t.test(`storage volume copy --mode ${mode} --refresh`, async () => {
      g1.files.write(join(v1, 'etc/note'), `fresh ${mode}`);
      await volume('snapshot', 'create', 'g1:default', 'v1', `for-${mode}`);
      await volume('copy', 'g1:default/v1', `g2:default/${mode}`, '--mode', mode, '--refresh');
      assert.deepEqual(g2.files.state(copied), g1.files.state(v1));
      assert.deepEqual(await g2.volumeSnapshots(mode), await g1.volumeSnapshots('v1'));
    });
    await t.test(`storage volume move --mode ${mode}`, async () => {
      await volume('copy', 'g1:default/v1', 'g1:default/leaving');
      const move = () => volume('move', 'g1:default/leaving', `g2:default/${mode}-moved`, '--mode', mode);
      assert.deepEqual(g2.files.state(await g2.newVolume(move)), g1.files.state(v1));
      await assert.rejects(g1.volume('leaving'), /not found/);
    });
  }
  await t.test('storage volume copy of a snapshot', async () => {
    const copy = () => volume('copy', 'g1:default/v1/vs0', 'g2:default/of-snapshot');
    assert.deepEqual(g2.files.state(await g2.newVolume(copy)), old);
  });
});
