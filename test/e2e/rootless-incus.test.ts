/** Images, guests and volumes go from a real Incus of root to the daemon of an ordinary user and back, with their owners. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeSample, stateOf } from '../contract/file-state.ts';
import { foreignClients, lackingClients } from './foreign/clients.ts';
import { hashOf, makeImageFiles } from './foreign/image-files.ts';
import { roughly, withoutLinks } from './foreign/incus-keeps.ts';
import { lackingIncusServer, startIncusServer } from './foreign/incus-server.ts';
import { freePort } from './foreign/joined.ts';
import type { Seen } from './rootless/incus-as-user.ts';
import { seenAsUser } from './rootless/run-as-user.ts';

const skip = lackingClients('incus') || lackingIncusServer();
const modes = ['pull', 'push', 'relay'];

test('between a real Incus and an ordinary user (A02, H10, I06)', { skip, timeout: 300_000 }, async (t) => {
  await using server = await startIncusServer();
  using clients = foreignClients(server);
  const { incus, directory: folder } = clients;
  chmodSync(folder, 0o777);
  const place = (...path: string[]) => join(server.directory, 'storage-pools/default', ...path);
  const sample = (guest: string) => stateOf(place('containers', guest, 'rootfs/sample'));
  const volume = (name: string) => place('custom', `default_${name}`);
  const put = (note: string) => writeFileSync(place('containers/c1/rootfs/note'), note);
  const bb = makeImageFiles(folder, 'bb');
  await incus.run(['image', 'import', bb.unified, '--alias', 'bb']);
  await incus.run(['init', 'bb', 'c1']);
  mkdirSync(place('containers/c1/rootfs/sample'));
  makeSample(place('containers/c1/rootfs/sample'), { privileged: true });
  put('old');
  const old = sample('c1');
  await incus.run(['snapshot', 'create', 'c1', 's0']);
  put('new');
  writeFileSync(place('containers/c1/rootfs/sample/etc/hostname'), 'newer\n');
  await incus.run(['export', 'c1', join(folder, 'from-incus.tar.gz')]);
  chmodSync(join(folder, 'from-incus.tar.gz'), 0o644);
  await incus.run(['storage', 'volume', 'create', 'default', 'data']);
  makeSample(volume('data'), { privileged: true });
  const address = `127.0.0.1:${await freePort()}`;
  await incus.run(['config', 'set', `core.https_address=${address}`]);
  const token = (await incus.run(['config', 'trust', 'add', 'user'])).trim().split('\n').at(-1) ?? '';
  const seen = seenAsUser<Seen>('incus-as-user.ts', { words: [folder, address, token], timeoutMs: 200_000 });

  for (const mode of modes) {
    await t.test(`an image, --mode ${mode}`, () => assert.equal(seen[mode]?.image, hashOf(bb.unified)));
    await t.test(`a guest has its files with their owners and starts, --mode ${mode}`, () => {
      assertSame(seen[mode]?.files, sample('c1'));
      assert.equal(seen[mode]?.note, 'new');
    });
    await t.test(`its snapshot is what it was, --mode ${mode}`, () => {
      assertSame(seen[`the snapshot, ${mode}`]?.files, old);
      assert.equal(seen[`the snapshot, ${mode}`]?.note, 'old');
    });
    await t.test(`back at Incus it is the same, --mode ${mode}`, () =>
      assertSame(sample(`back-${mode}`), sample('c1')),
    );
    await t.test(`a volume there and back, --mode ${mode}`, () => {
      assertSame(seen[`the volume, ${mode}`]?.files, stateOf(volume('data')));
      assertSame(stateOf(volume(`back-${mode}`)), stateOf(volume('data')));
    });
  }
  await t.test('exports there and back', async () => {
    assertSame(seen['the export']?.files, sample('c1'), roughly);
    assert.equal(seen['the export']?.note, 'new');
    await incus.run(['import', join(folder, 'from-user.tar.gz'), 'back']);
    assertSame(sample('back'), sample('c1'), roughly);
  });
});

type State = Record<string, unknown>;

/** Of what Incus keeps; what is undefined is left out by JSON. */
function assertSame(found: State = {}, expected: State, kept: (state: State) => State = withoutLinks): void {
  const plain = (state: State) => JSON.parse(JSON.stringify(kept(state))) as State;
  assert.deepEqual(plain(found), plain(expected));
}
