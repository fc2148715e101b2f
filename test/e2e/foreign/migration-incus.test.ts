/** Copies and moves from a real Incus server to Gasthof and back, in all modes (I06, H10). */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeSample, stateOf } from '../../contract/file-state.ts';
import { importImage, startDaemon } from '../../daemon.ts';
import { type ForeignClient, foreignClients, lackingClients } from './clients.ts';
import { lackingIncusServer, startIncusServer } from './incus-server.ts';
import { joinServer } from './joined.ts';

type Shown = { status: string; config: Record<string, string>; created_at: string };
const shown = async (incus: ForeignClient, name: string): Promise<Shown> =>
  JSON.parse(await incus.run(['query', `${name.split(':')[0]}:/1.0/instances/${name.split(':')[1]}`])) as Shown;
type Snapshot = { name: string; created_at: string; expires_at: string; config: Record<string, string> };
const snapshots = async (incus: ForeignClient, name: string): Promise<[string, string][]> =>
  (JSON.parse(await incus.run(['snapshot', 'list', name, '--format', 'json'])) as Snapshot[])
    .map((one): [string, string] => [one.name, one.created_at.slice(0, 19)])
    .sort();
const names = async (incus: ForeignClient, remote: string): Promise<string[]> =>
  (JSON.parse(await incus.run(['list', `${remote}:`, '--format', 'json'])) as { name: string }[]).map(
    ({ name }) => name,
  );

/** rsync of Incus knows neither hard links nor access lists. */
const withoutLinks = (state: Record<string, unknown>) =>
  Object.fromEntries(
    Object.entries(state).map(([name, one]) => [name, { ...(one as Record<string, unknown>), links: undefined }]),
  );

const skip = lackingClients('incus') || lackingIncusServer();
test('between a real Incus server and Gasthof', { skip, timeout: 300_000 }, async (t) => {
  await using daemon = await startDaemon();
  await using server = await startIncusServer();
  using clients = foreignClients(daemon);
  const { incus } = clients;
  await joinServer(incus, 'g', join(daemon.directory, 'unix.socket'));
  await joinServer(incus, 'i', server.socket);
  await importImage(daemon, 'busybox', 'bb');
  await incus.run(['image', 'export', 'g:bb', join(clients.directory, 'bb')]);
  const parts = readdirSync(clients.directory).filter((name) => name.startsWith('bb'));
  await incus.run(['image', 'import', ...parts.map((name) => join(clients.directory, name)), 'i:', '--alias', 'bb']);
  await incus.run(['init', 'i:bb', 'i:c1', '-c', 'user.k=v', '-c', 'limits.memory=64MiB']);
  const there = (name: string, ...more: string[]) =>
    join(server.directory, 'storage-pools/default/containers', name, 'rootfs', ...more);
  const volumePath = (name: string) => join(server.directory, 'storage-pools/default/custom', `default_${name}`);
  const here = async (name: string, ...more: string[]) => {
    const uuid = (await shown(incus, `g:${name}`)).config['volatile.uuid'] ?? '';
    const id = uuid.replaceAll('-', '').slice(-12);
    return join(daemon.directory, 'pools/default/volumes', id, 'upper', ...more);
  };
  const put = async (name: string, text: string) => {
    writeFileSync(join(clients.directory, 'note'), text);
    await incus.run(['file', 'push', join(clients.directory, 'note'), `${name}/note`]);
  };
  const note = (name: string) => incus.run(['file', 'pull', `${name}/note`, '-']);
  writeFileSync(there('c1', 'note'), 'old');
  mkdirSync(there('c1', 'sample'));
  makeSample(there('c1', 'sample'), { privileged: true });
  await incus.run(['snapshot', 'create', 'i:c1', 's0']);
  writeFileSync(there('c1', 'note'), 'new');

  for (const mode of ['pull', 'push', 'relay']) {
    await t.test(`from Incus, --mode ${mode}`, async () => {
      await incus.run(['copy', 'i:c1', `g:${mode}`, '--mode', mode]);
      assert.equal(await note(`g:${mode}`), 'new');
      assert.deepEqual(await snapshots(incus, `g:${mode}`), await snapshots(incus, 'i:c1'));
      const made = await shown(incus, `g:${mode}`);
      assert.equal(made.config['user.k'], 'v');
      assert.equal(made.config['limits.memory'], '64MiB');
    });
    await t.test(`from Incus, --mode ${mode}: owners, modes, attributes and holes are the same`, async () => {
      assert.deepEqual(withoutLinks(stateOf(await here(mode, 'sample'))), withoutLinks(stateOf(there('c1', 'sample'))));
    });
    await t.test(`from Incus, --mode ${mode}: it starts`, async () => {
      await incus.run(['start', `g:${mode}`]);
      assert.equal(await incus.run(['exec', `g:${mode}`, '--', 'cat', '/note']), 'new');
      await incus.run(['stop', '-f', `g:${mode}`]);
    });
    await t.test(`from Incus, --mode ${mode}: its snapshot is what it was`, async () => {
      await incus.run(['snapshot', 'restore', `g:${mode}`, 's0']);
      assert.equal(await note(`g:${mode}`), 'old');
    });
    await t.test(`to Incus, --mode ${mode}`, async () => {
      await put(`g:${mode}`, `from ${mode}`);
      await incus.run(['copy', `g:${mode}`, `i:${mode}`, '--mode', mode]);
      assert.equal(await note(`i:${mode}`), `from ${mode}`);
      assert.deepEqual(await snapshots(incus, `i:${mode}`), await snapshots(incus, `g:${mode}`));
      assert.equal((await shown(incus, `i:${mode}`)).config['user.k'], 'v');
      assert.deepEqual(withoutLinks(stateOf(there(mode, 'sample'))), withoutLinks(stateOf(await here(mode, 'sample'))));
    });
    await t.test(`from Incus, --mode ${mode} --refresh`, async () => {
      writeFileSync(there('c1', 'note'), `fresh ${mode}`);
      await incus.run(['snapshot', 'create', 'i:c1', `for-${mode}`]);
      await incus.run(['copy', 'i:c1', `g:${mode}`, '--mode', mode, '--refresh']);
      assert.equal(await note(`g:${mode}`), `fresh ${mode}`);
      assert.deepEqual(await snapshots(incus, `g:${mode}`), await snapshots(incus, 'i:c1'));
      writeFileSync(there('c1', 'note'), 'new');
    });
    await t.test(`moved from Incus and back, --mode ${mode}`, async () => {
      await incus.run(['copy', 'i:c1', 'i:wanderer']);
      await incus.run(['move', 'i:wanderer', 'g:wanderer', '--mode', mode]);
      assert.ok(!(await names(incus, 'i')).includes('wanderer'));
      await put('g:wanderer', 'been there');
      await incus.run(['move', 'g:wanderer', 'i:wanderer', '--mode', mode]);
      assert.ok(!(await names(incus, 'g')).includes('wanderer'));
      assert.equal(await note('i:wanderer'), 'been there');
      await incus.run(['delete', '-f', 'i:wanderer']);
    });
  }
  await t.test('to Incus, an instance whose image is not there', async () => {
    await incus.run(['init', 'g:bb', 'g:own']);
    await incus.run(['image', 'delete', 'i:bb']);
    await incus.run(['copy', 'g:own', 'i:own']);
    assert.ok(readdirSync(there('own')).includes('bin'));
  });
  await t.test('custom volumes of Incus: one that no guest has used, one with the owners of the host', async () => {
    await incus.run(['storage', 'volume', 'create', 'i:default', 'plain', 'user.x=1']);
    makeSample(volumePath('plain'), { privileged: true });
    await incus.run(['storage', 'volume', 'snapshot', 'create', 'i:default', 'plain', 'vs0']);
    await incus.run(['storage', 'volume', 'create', 'i:default', 'used']);
    await incus.run(['storage', 'volume', 'attach', 'i:default', 'used', 'c1', '/mnt/used']);
    await incus.run(['start', 'i:c1']);
    await incus.run(['exec', 'i:c1', '--', 'sh', '-c', 'echo hi > /mnt/used/f; chown 1000:100 /mnt/used/f']);
    await incus.run(['stop', '-f', 'i:c1']);
    await incus.run(['storage', 'volume', 'detach', 'i:default', 'used', 'c1']);
  });
  for (const mode of ['pull', 'push', 'relay']) {
    await t.test(`a volume from Incus and back, --mode ${mode}`, async () => {
      const copy = (from: string, to: string) => incus.run(['storage', 'volume', 'copy', from, to, '--mode', mode]);
      await copy('i:default/plain', `g:default/${mode}`);
      await copy(`g:default/${mode}`, `i:default/back-${mode}`);
      assert.deepEqual(withoutLinks(stateOf(volumePath(`back-${mode}`))), withoutLinks(stateOf(volumePath('plain'))));
      const words = ['query', `i:/1.0/storage-pools/default/volumes/custom/back-${mode}?recursion=1`];
      assert.equal((JSON.parse(await incus.run(words)) as Shown).config['user.x'], '1');
      const kept = `i:/1.0/storage-pools/default/volumes/custom/back-${mode}/snapshots`;
      assert.equal((JSON.parse(await incus.run(['query', kept])) as string[]).length, 1);
    });
  }
  await t.test('the owners of a volume that guests of Incus have used are those inside', async () => {
    await incus.run(['storage', 'volume', 'copy', 'i:default/used', 'g:default/used']);
    await incus.run(['launch', 'g:bb', 'g:looker']);
    await incus.run(['storage', 'volume', 'attach', 'g:default', 'used', 'looker', 'seen', '/mnt/seen']);
    const seen = await incus.run(['exec', 'g:looker', '--', 'stat', '-c', '%u:%g', '/mnt/seen/f']);
    assert.equal(seen.trim(), '1000:100');
    await incus.run(['delete', '-f', 'g:looker']);
  });
  await t.test('a snapshot from Incus becomes an instance here', async () => {
    await incus.run(['copy', 'i:c1/s0', 'g:of-snapshot']);
    assert.equal(await note('g:of-snapshot'), 'old');
  });
  await t.test('a guest that runs on Incus is copied stateless, and runs on', async () => {
    await incus.run(['start', 'i:c1']);
    await incus.run(['copy', 'i:c1', 'g:of-running', '--stateless']);
    assert.equal((await shown(incus, 'i:c1')).status, 'Running');
    assert.equal(await note('g:of-running'), 'new');
    await incus.run(['stop', '-f', 'i:c1']);
  });
  await t.test('device nodes of an Incus container do not arrive', async () => {
    mkdirSync(there('c1', 'dev'), { recursive: true });
    execFileSync('mknod', [there('c1', 'dev/disk'), 'b', '7', '0']);
    await incus.run(['copy', 'i:c1', 'g:devices']);
    assert.deepEqual(readdirSync(await here('devices', 'dev')), []);
  });
  await t.test(
    'shifted files of an Incus container are refused in words, on both sides, and nothing is left',
    async () => {
      execFileSync('chown', ['1000000:1000000', there('c1', 'note')]);
      const ended = await incus.try(['copy', 'i:c1', 'g:shifted']);
      assert.equal(ended.code, 1);
      assert.match(ended.stderr, /outside of the ids 0 to 65535/);
      assert.ok(!(await names(incus, 'g')).includes('shifted'));
    },
  );
});
