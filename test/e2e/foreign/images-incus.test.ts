/** Images between a real Incus server and Gasthof, in every mode and both directions. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { startDaemon } from '../../daemon.ts';
import { foreignClients, lackingClients } from './clients.ts';
import { hashOf, makeImageFiles } from './image-files.ts';
import { lackingIncusServer, startIncusServer } from './incus-server.ts';
import { joinServer } from './joined.ts';

const skip = lackingClients('incus') || lackingIncusServer();

test('images go between a real Incus server and Gasthof', { skip, timeout: 300_000 }, async (t) => {
  await using daemon = await startDaemon();
  await using server = await startIncusServer();
  using clients = foreignClients(daemon);
  const { incus, directory } = clients;
  await joinServer(incus, 'g', join(daemon.directory, 'unix.socket'));
  await joinServer(incus, 'i', server.socket);
  const bb = makeImageFiles(directory, 'bb');
  const unified = hashOf(bb.unified);
  const split = hashOf(bb.metadata, bb.rootfs);
  const prints = async (remote: string) =>
    (JSON.parse(await incus.run(['image', 'list', `${remote}:`, '-f', 'json'])) as { fingerprint: string }[]).map(
      ({ fingerprint }) => fingerprint,
    );
  for (const [from, to] of [
    ['i', 'g'],
    ['g', 'i'],
  ] as const) {
    await incus.run(['image', 'import', bb.unified, `${from}:`, '--alias', 'bb', '--public']);
    await incus.run(['image', 'import', bb.metadata, bb.rootfs, `${from}:`, '--alias', 'bbsplit']);
    const kind = from === 'i' ? 'Incus to Gasthof' : 'Gasthof to Incus';
    for (const mode of ['pull', 'push', 'relay'])
      await t.test(`${kind}: ${mode} of a private image of two files`, async () => {
        await incus.run(['image', 'copy', `${from}:bbsplit`, `${to}:`, '--alias', 'copied', '--mode', mode]);
        assert.deepEqual(await prints(to), [split]);
        await incus.run(['image', 'delete', `${to}:copied`]);
      });
    await t.test(`${kind}: a public image by its alias, with aliases`, async () => {
      await incus.run(['image', 'copy', `${from}:bb`, `${to}:`, '--copy-aliases', '--auto-update']);
      assert.match(
        await incus.run(['image', 'info', `${to}:bb`]),
        new RegExp(`${unified}[\\s\\S]*Source:[\\s\\S]*Alias: bb`),
      );
      await incus.run(['image', 'delete', `${to}:bb`]);
    });
    await t.test(`${kind}: an instance from an image of the other`, async () => {
      await incus.run(['init', `${from}:bb`, `${to}:c1`]);
      assert.deepEqual(await prints(to), [unified]);
      assert.equal((await incus.run(['config', 'get', `${to}:c1`, 'volatile.base_image'])).trim(), unified);
      await incus.run(['delete', `${to}:c1`]);
      await incus.run(['image', 'delete', `${to}:${unified}`]);
    });
    for (const fingerprint of await prints(from)) await incus.run(['image', 'delete', `${from}:${fingerprint}`]);
  }
});
