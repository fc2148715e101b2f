/** Exports of Gasthof are imported by a real Incus server, and the other way round: nothing is lost on the way. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeSample, stateOf } from '../../contract/file-state.ts';
import { importImage, startDaemon } from '../../daemon.ts';
import { foreignClients, lackingClients } from './clients.ts';
import { roughly } from './incus-keeps.ts';
import { lackingIncusServer, startIncusServer } from './incus-server.ts';

type Shown = { config: Record<string, string>; profiles: string[]; description: string; created_at: string };

const skip = lackingClients('incus') || lackingIncusServer();
test('backups go to a real Incus server and come back', { skip, timeout: 300_000 }, async (t) => {
  await using daemon = await startDaemon();
  await using server = await startIncusServer();
  using clients = foreignClients(daemon);
  const { incus: ours, directory } = clients;
  const env = { INCUS_SOCKET: server.socket };
  const theirs = {
    run: (words: string[]) => ours.run(words, { env }),
    try: (words: string[]) => ours.try(words, { env }),
  };
  const show = async (client: typeof theirs, name: string) =>
    JSON.parse(await client.run(['query', `/1.0/instances/${name}`])) as Shown;
  const snapshots = async (client: typeof theirs, name: string) =>
    (JSON.parse(await client.run(['snapshot', 'list', name, '-f', 'json'])) as { name: string; created_at: string }[])
      .map((one) => [one.name, one.created_at.slice(0, 19)])
      .sort();
  const at = (name: string) => join(directory, name);
  const rootfs = (name: string, snapshot?: string) =>
    snapshot === undefined
      ? join(server.directory, 'storage-pools/default/containers', name, 'rootfs')
      : join(server.directory, 'storage-pools/default/containers-snapshots', name, snapshot, 'rootfs');
  await importImage(daemon, 'busybox', 'bb');
  await ours.run(['init', 'bb', 'web', '-c', 'user.k=yes', '-c', 'user.n=007', '--description', 'a: "b"']);
  const [volume = ''] = readdirSync(join(daemon.directory, 'pools/default/volumes'));
  const tree = join(daemon.directory, 'pools/default/volumes', volume, 'upper/srv');
  mkdirSync(tree);
  makeSample(tree, { privileged: true });
  await ours.run(['config', 'template', 'create', 'web', 'x.tpl'], { stdin: 'for {{ container.name }}' });
  await ours.run(['config', 'template', 'edit', 'web', 'x.tpl'], { stdin: 'for {{ container.name }}\n' });
  await ours.run(['snapshot', 'create', 'web', 's0']);
  const then = stateOf(tree);
  writeFileSync(join(tree, 'etc/hostname'), 'later on\n');
  const now = stateOf(tree);

  await t.test('Incus imports our export: files with owners, links, attributes and holes', async () => {
    await ours.run(['export', 'web', at('ours.tar.gz')]);
    await theirs.run(['import', at('ours.tar.gz')]);
    assert.deepEqual(stateOf(join(rootfs('web'), 'srv')), now);
    assert.deepEqual(stateOf(join(rootfs('web', 's0'), 'srv')), then);
  });
  await t.test('config, description, profiles, times and snapshots are there', async () => {
    const [here, there] = [await show(ours, 'web'), await show(theirs, 'web')];
    for (const key of ['user.k', 'user.n', 'volatile.uuid', 'volatile.base_image'])
      assert.equal(there.config[key], here.config[key], key);
    assert.deepEqual([there.description, there.profiles], [here.description, here.profiles]);
    assert.equal(there.created_at.slice(0, 19), here.created_at.slice(0, 19));
    assert.deepEqual(await snapshots(theirs, 'web'), await snapshots(ours, 'web'));
  });
  await t.test('it starts there, and its snapshot can be restored', async () => {
    await theirs.run(['start', 'web']);
    assert.equal(await theirs.run(['exec', 'web', '--', 'cat', '/srv/etc/hostname']), 'later on\n');
    await theirs.run(['stop', '-f', 'web']);
    await theirs.run(['snapshot', 'restore', 'web', 's0']);
    assert.deepEqual(stateOf(join(rootfs('web'), 'srv')), then);
  });
  await t.test('under another name, without snapshots, not compressed', async () => {
    await ours.run(['export', 'web', at('plain.tar'), '--instance-only', '--compression', 'none']);
    await theirs.run(['import', at('plain.tar'), 'plain']);
    assert.deepEqual(await snapshots(theirs, 'plain'), []);
    await theirs.run(['delete', 'plain']);
  });
  await t.test('metadata and templates travel both ways', async () => {
    const metadata = await ours.run(['config', 'metadata', 'show', 'web']);
    assert.equal(await theirs.run(['config', 'metadata', 'show', 'web']), metadata);
    assert.match(await theirs.run(['config', 'template', 'show', 'web', 'x.tpl']), /for \{\{ container.name \}\}/);
  });
  await t.test('we import what Incus exports of it', async () => {
    await theirs.run(['config', 'set', 'web', 'user.from=incus', 'limits.memory=64MiB']);
    await theirs.run(['export', 'web', at('theirs.tar.gz')]);
    await ours.run(['import', at('theirs.tar.gz'), 'back']);
    assert.match(await ours.run(['config', 'template', 'show', 'back', 'x.tpl']), /for \{\{ container.name \}\}/);
    const shown = await show(ours, 'back');
    assert.deepEqual([shown.config['user.from'], shown.config['limits.memory']], ['incus', '64MiB']);
    assert.deepEqual(await snapshots(ours, 'back'), await snapshots(theirs, 'web'));
    const place = join(daemon.directory, 'pools/default/volumes');
    const [made = ''] = readdirSync(place).filter((id) => id !== volume);
    assert.deepEqual(roughly(stateOf(join(place, made, 'upper/srv'))), roughly(then));
  });
  await t.test('it runs here, and its snapshot can be restored', async () => {
    await ours.run(['delete', 'web']);
    await ours.run(['start', 'back']);
    assert.equal(await ours.run(['exec', 'back', '--', 'cat', '/srv/etc/hostname']), 'sample\n');
    await ours.run(['stop', '-f', 'back']);
    await ours.run(['snapshot', 'restore', 'back', 's0']);
  });
  await t.test('what is not here is named: profile and network of the other server', async () => {
    await theirs.run(['profile', 'create', 'special']);
    await theirs.run(['profile', 'add', 'web', 'special']);
    await theirs.run(['export', 'web', at('special.tar.gz'), '--instance-only']);
    const ended = await ours.try(['import', at('special.tar.gz'), 'special']);
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /Profile "special"/);
  });
});
