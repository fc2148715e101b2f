/** Copies and moves from a real Incus server to Gasthof and back, in all modes (I06, H10). */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeSample, stateOf } from '../../contract/file-state.ts';
import { importImage, startDaemon } from '../../daemon.ts';
import { foreignClients, lackingClients } from './clients.ts';
import { withoutLinks } from './incus-keeps.ts';
import { lackingIncusServer, startIncusServer } from './incus-server.ts';
import { joinServer } from './joined.ts';
import { lookAt, lookAtOurs } from './looked-up.ts';

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
  const g = lookAtOurs(daemon.directory);
  const i = lookAt(server.socket, (name) => there(name));
  const metadataFile = there('c1').replace(/rootfs$/, 'metadata.yaml');
  const templates = there('c1').replace(/rootfs$/, 'templates');
  const say = (word: string) => {
    mkdirSync(templates, { recursive: true });
    writeFileSync(join(templates, 'hosts.tpl'), `{{ container.name }} ${word}`);
    const hosts = `templates: {/etc/hosts: {when: [copy], create_only: true, template: hosts.tpl, properties: {a: b}}}`;
    const times = 'architecture: x86_64\ncreation_date: 1700000000\nexpiry_date: 0';
    writeFileSync(metadataFile, `${times}\nproperties: {word: ${word}}\n${hosts}\n`);
  };
  say('old');
  writeFileSync(there('c1', 'note'), 'old');
  mkdirSync(there('c1', 'sample'));
  makeSample(there('c1', 'sample'), { privileged: true });
  await incus.run(['snapshot', 'create', 'i:c1', 's0']);
  writeFileSync(there('c1', 'note'), 'new');
  say('new');

  for (const mode of ['pull', 'push', 'relay']) {
    await t.test(`from Incus, --mode ${mode}`, async () => {
      await incus.run(['copy', 'i:c1', `g:${mode}`, '--mode', mode]);
      assert.equal(await g.note(mode), 'new');
      assert.deepEqual(await g.snapshots(mode), await i.snapshots('c1'));
      assert.deepEqual(await g.metadata(mode), await i.metadata('c1'));
      const made = await g.shown(mode);
      assert.equal(made.config['user.k'], 'v');
      assert.equal(made.config['limits.memory'], '64MiB');
    });
    await t.test(`from Incus, --mode ${mode}: owners, modes, attributes and holes are the same`, async () => {
      assert.deepEqual(withoutLinks(stateOf(await g.at(mode, 'sample'))), withoutLinks(stateOf(there('c1', 'sample'))));
    });
    await t.test(`from Incus, --mode ${mode}: it starts`, async () => {
      await incus.run(['start', `g:${mode}`]);
      assert.equal(await incus.run(['exec', `g:${mode}`, '--', 'cat', '/note']), 'new');
      await incus.run(['stop', '-f', `g:${mode}`]);
    });
    await t.test(`from Incus, --mode ${mode}: its snapshot is what it was`, async () => {
      await incus.run(['snapshot', 'restore', `g:${mode}`, 's0']);
      assert.equal(await g.note(mode), 'old');
      assert.deepEqual((await g.metadata(mode)).properties, { word: 'old' });
    });
    await t.test(`to Incus, --mode ${mode}`, async () => {
      await g.put(mode, `from ${mode}`);
      await incus.run(['copy', `g:${mode}`, `i:${mode}`, '--mode', mode]);
      assert.equal(await i.note(mode), `from ${mode}`);
      assert.deepEqual(await i.metadata(mode), await g.metadata(mode));
      assert.match(
        readFileSync(there(mode).replace(/rootfs$/, 'templates/hosts.tpl'), 'utf8'),
        /container.name }} old/,
      );
      assert.deepEqual(await i.snapshots(mode), await g.snapshots(mode));
      assert.equal((await i.shown(mode)).config['user.k'], 'v');
      assert.deepEqual(withoutLinks(stateOf(there(mode, 'sample'))), withoutLinks(stateOf(await g.at(mode, 'sample'))));
    });
    await t.test(`from Incus, --mode ${mode} --refresh`, async () => {
      writeFileSync(there('c1', 'note'), `fresh ${mode}`);
      await incus.run(['snapshot', 'create', 'i:c1', `for-${mode}`]);
      await incus.run(['copy', 'i:c1', `g:${mode}`, '--mode', mode, '--refresh']);
      assert.equal(await g.note(mode), `fresh ${mode}`);
      assert.deepEqual(await g.snapshots(mode), await i.snapshots('c1'));
      writeFileSync(there('c1', 'note'), 'new');
    });
    await t.test(`moved from Incus and back, --mode ${mode}`, async () => {
      await incus.run(['copy', 'i:c1', 'i:wanderer']);
      await incus.run(['move', 'i:wanderer', 'g:wanderer', '--mode', mode]);
      assert.ok(!(await i.names()).includes('wanderer'));
      // It keeps the UUID that it had over there: where it lies on disk cannot be told from that.
      writeFileSync(join(clients.directory, 'note'), 'been there');
      await incus.run(['file', 'push', join(clients.directory, 'note'), 'g:wanderer/note']);
      await incus.run(['move', 'g:wanderer', 'i:wanderer', '--mode', mode]);
      assert.ok(!(await g.names()).includes('wanderer'));
      assert.equal(await i.note('wanderer'), 'been there');
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
      assert.equal((await i.volume(`back-${mode}`)).config['user.x'], '1');
      assert.deepEqual(await i.volumeSnapshots(`back-${mode}`), ['vs0']);
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
    assert.equal(await g.note('of-snapshot'), 'old');
  });
  await t.test('a guest that runs on Incus is copied stateless, and runs on', async () => {
    await incus.run(['start', 'i:c1']);
    await incus.run(['copy', 'i:c1', 'g:of-running', '--stateless']);
    assert.equal((await i.shown('c1')).status, 'Running');
    assert.equal(await g.note('of-running'), 'new');
    await incus.run(['stop', '-f', 'i:c1']);
  });
  await t.test('device nodes of an Incus container do not arrive', async () => {
    mkdirSync(there('c1', 'dev'), { recursive: true });
    execFileSync('mknod', [there('c1', 'dev/disk'), 'b', '7', '0']);
    await incus.run(['copy', 'i:c1', 'g:devices']);
    assert.deepEqual(readdirSync(await g.at('devices', 'dev')), []);
  });
  await t.test(
    'shifted files of an Incus container are refused in words, on both sides, and nothing is left',
    async () => {
      execFileSync('chown', ['1000000:1000000', there('c1', 'note')]);
      const ended = await incus.try(['copy', 'i:c1', 'g:shifted']);
      assert.equal(ended.code, 1);
      assert.match(ended.stderr, /outside of the ids 0 to 65535/);
      assert.ok(!(await g.names()).includes('shifted'));
    },
  );
});
