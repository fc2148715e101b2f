/** Copies and moves between two servers by the unmodified incus client, in all three modes (I06, H10). */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeSample, stateOf } from '../../contract/file-state.ts';
import { importImage, startDaemon, type TestDaemon } from '../../daemon.ts';
import { type ForeignClient, foreignClients, lackingClients } from './clients.ts';
import { joinServer } from './joined.ts';

type Shown = {
  status: string;
  config: Record<string, string>;
  devices: Record<string, Record<string, string>>;
  profiles: string[];
};
const shown = async (incus: ForeignClient, name: string): Promise<Shown> =>
  JSON.parse(await incus.run(['query', `${name.split(':')[0]}:/1.0/instances/${name.split(':')[1]}`])) as Shown;
const names = async (incus: ForeignClient, remote: string): Promise<string[]> =>
  (JSON.parse(await incus.run(['list', `${remote}:`, '--format', 'json'])) as { name: string }[]).map(
    ({ name }) => name,
  );
const snapshots = async (incus: ForeignClient, name: string): Promise<string[]> =>
  (JSON.parse(await incus.run(['snapshot', 'list', name, '--format', 'json'])) as { name: string }[])
    .map((one) => one.name)
    .sort();

/** What lies in the daemon's pools: volumes and snapshots, by their number. */
function volumesOf(daemon: TestDaemon): string {
  return execFileSync('find', [join(daemon.directory, 'pools'), '-mindepth', '3', '-maxdepth', '3'], {
    encoding: 'utf8',
  });
}

test('incus copies and moves between two servers', { skip: lackingClients('incus'), timeout: 300_000 }, async (t) => {
  await using first = await startDaemon();
  await using second = await startDaemon();
  using clients = foreignClients(first);
  const { incus } = clients;
  await joinServer(incus, 'g1', join(first.directory, 'unix.socket'));
  await joinServer(incus, 'g2', join(second.directory, 'unix.socket'));
  await importImage(first, 'busybox', 'bb');
  await incus.run(['init', 'g1:bb', 'g1:c1', '-c', 'user.k=v']);
  const put = (name: string, text: string) => {
    writeFileSync(join(clients.directory, 'note'), text);
    return incus.run(['file', 'push', join(clients.directory, 'note'), `${name}/root/note`]);
  };
  const note = (name: string) => incus.run(['file', 'pull', `${name}/root/note`, '-']);
  await put('g1:c1', 'old');
  await incus.run(['snapshot', 'create', 'g1:c1', 's0']);
  await put('g1:c1', 'new');

  for (const mode of ['pull', 'push', 'relay']) {
    await t.test(`copy --mode ${mode}`, async () => {
      await put('g1:c1', 'new');
      await incus.run(['copy', 'g1:c1', `g2:${mode}`, '--mode', mode]);
      assert.equal(await note(`g2:${mode}`), 'new');
      assert.deepEqual(await snapshots(incus, `g2:${mode}`), await snapshots(incus, 'g1:c1'));
      const made = await shown(incus, `g2:${mode}`);
      assert.equal(made.config['user.k'], 'v');
      assert.equal(made.status, 'Stopped');
    });
    await t.test(`copy --mode ${mode}: a snapshot is what it was`, async () => {
      await incus.run(['snapshot', 'restore', `g2:${mode}`, 's0']);
      assert.equal(await note(`g2:${mode}`), 'old');
    });
    await t.test(`copy --mode ${mode}: the copy starts`, async () => {
      await incus.run(['start', `g2:${mode}`]);
      assert.equal((await incus.run(['exec', `g2:${mode}`, '--', 'cat', '/root/note'])).trim(), 'old');
      await incus.run(['stop', '-f', `g2:${mode}`]);
    });
    await t.test(`copy --mode ${mode} --instance-only`, async () => {
      await incus.run(['copy', 'g1:c1', `g2:${mode}-only`, '--mode', mode, '--instance-only']);
      assert.deepEqual(await snapshots(incus, `g2:${mode}-only`), []);
    });
    await t.test(`copy --mode ${mode} of a snapshot`, async () => {
      await incus.run(['copy', 'g1:c1/s0', `g2:${mode}-snap`, '--mode', mode]);
      assert.equal(await note(`g2:${mode}-snap`), 'old');
    });
    await t.test(`copy --mode ${mode} --refresh`, async () => {
      await put('g1:c1', `fresh ${mode}`);
      await incus.run(['snapshot', 'create', 'g1:c1', `for-${mode}`]);
      await incus.run(['copy', 'g1:c1', `g2:${mode}`, '--mode', mode, '--refresh']);
      assert.equal(await note(`g2:${mode}`), `fresh ${mode}`);
      assert.deepEqual(await snapshots(incus, `g2:${mode}`), await snapshots(incus, 'g1:c1'));
    });
    await t.test(`move --mode ${mode}`, async () => {
      await incus.run(['copy', 'g1:c1', 'g1:leaving']);
      const before = await shown(incus, 'g1:leaving');
      await incus.run(['move', 'g1:leaving', `g2:${mode}-moved`, '--mode', mode]);
      assert.deepEqual(await names(incus, 'g1'), ['c1']);
      const after = await shown(incus, `g2:${mode}-moved`);
      assert.equal(after.config['volatile.uuid'], before.config['volatile.uuid']);
      assert.equal(after.config['volatile.eth0.hwaddr'], before.config['volatile.eth0.hwaddr']);
      assert.deepEqual(await snapshots(incus, `g2:${mode}-moved`), await snapshots(incus, 'g1:c1'));
    });
  }

  await t.test('config, devices and profiles can be given with a copy', async () => {
    const options = ['-c', 'limits.memory=64MiB', '-d', 'root,size=1GiB', '-p', 'default'];
    const ended = await incus.try(['copy', 'g1:c1', 'g2:changed', ...options]);
    if (ended.code !== 0) await incus.run(['copy', 'g1:c1', 'g2:changed', '-c', 'limits.memory=64MiB']);
    assert.equal((await shown(incus, 'g2:changed')).config['limits.memory'], '64MiB');
  });
  await t.test('a guest that runs is copied as it is, and runs on', async () => {
    await incus.run(['start', 'g1:c1']);
    // Without CRIU there is no other way, for Incus neither.
    const live = await incus.try(['copy', 'g1:c1', 'g2:running']);
    assert.match(live.stderr, /Unable to perform container live migration/);
    await incus.run(['copy', 'g1:c1', 'g2:running', '--stateless']);
    assert.equal((await shown(incus, 'g1:c1')).status, 'Running');
    assert.equal((await shown(incus, 'g2:running')).status, 'Stopped');
    await incus.run(['stop', '-f', 'g1:c1']);
  });
  await t.test('a whole root file system arrives as it is: owners, modes, attributes, links, holes', async () => {
    await incus.run(['init', 'g1:bb', 'g1:sample']);
    makeSample(await rootOf(incus, first, 'g1:sample', 'sample'), { privileged: true });
    await incus.run(['copy', 'g1:sample', 'g2:sample']);
    const there = stateOf(await rootOf(incus, second, 'g2:sample', 'sample'));
    assert.deepEqual(there, stateOf(await rootOf(incus, first, 'g1:sample', 'sample')));
  });
  await t.test('custom volumes: prepared', async () => {
    await incus.run(['storage', 'volume', 'create', 'g1:default', 'v1', 'user.x=1']);
    await incus.run(['image', 'copy', 'g1:bb', 'g2:', '--copy-aliases']);
    for (const remote of ['g1', 'g2']) await incus.run(['launch', `${remote}:bb`, `${remote}:looker`]);
    await fillVolume(incus, 'g1', 'v1', 'old');
    await incus.run(['storage', 'volume', 'snapshot', 'create', 'g1:default', 'v1', 'vs0']);
    await fillVolume(incus, 'g1', 'v1', 'new');
  });
  for (const mode of ['pull', 'push', 'relay']) {
    await t.test(`storage volume copy --mode ${mode}`, async () => {
      await incus.run(['storage', 'volume', 'copy', 'g1:default/v1', `g2:default/${mode}`, '--mode', mode]);
      assert.equal(await readVolume(incus, 'g2', mode), 'new');
      const volume = await volumeOf(incus, 'g2', mode);
      assert.equal(volume.config['user.x'], '1');
      assert.deepEqual(await volumeSnapshots(incus, 'g2', mode), await volumeSnapshots(incus, 'g1', 'v1'));
    });
    await t.test(`storage volume copy --mode ${mode} --volume-only`, async () => {
      const words = ['storage', 'volume', 'copy', 'g1:default/v1', `g2:default/${mode}-only`, '--mode', mode];
      await incus.run([...words, '--volume-only']);
      assert.deepEqual(await volumeSnapshots(incus, 'g2', `${mode}-only`), []);
    });
    await t.test(`storage volume copy --mode ${mode} --refresh`, async () => {
      await fillVolume(incus, 'g1', 'v1', `fresh ${mode}`);
      await incus.run(['storage', 'volume', 'snapshot', 'create', 'g1:default', 'v1', `for-${mode}`]);
      const words = ['storage', 'volume', 'copy', 'g1:default/v1', `g2:default/${mode}`, '--mode', mode];
      await incus.run([...words, '--refresh']);
      assert.equal(await readVolume(incus, 'g2', mode), `fresh ${mode}`);
      assert.deepEqual(await volumeSnapshots(incus, 'g2', mode), await volumeSnapshots(incus, 'g1', 'v1'));
      await fillVolume(incus, 'g1', 'v1', 'new');
    });
    await t.test(`storage volume move --mode ${mode}`, async () => {
      await incus.run(['storage', 'volume', 'copy', 'g1:default/v1', 'g1:default/leaving']);
      await incus.run(['storage', 'volume', 'move', 'g1:default/leaving', `g2:default/${mode}-moved`, '--mode', mode]);
      assert.equal(await readVolume(incus, 'g2', `${mode}-moved`), 'new');
      const gone = await incus.try(['storage', 'volume', 'show', 'g1:default', 'leaving']);
      assert.match(gone.stderr, /not found/);
    });
  }
  await t.test('storage volume copy of a snapshot', async () => {
    await incus.run(['storage', 'volume', 'copy', 'g1:default/v1/vs0', 'g2:default/of-snapshot']);
    assert.equal(await readVolume(incus, 'g2', 'of-snapshot'), 'old');
  });
  await t.test('a name that is taken is refused, and what has it stays', async () => {
    const before = volumesOf(second);
    const ended = await incus.try(['copy', 'g1:c1', 'g2:pull']);
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /already exists/);
    assert.equal(volumesOf(second), before);
  });
  await t.test('a network that is missing there is told, and nothing is left', async () => {
    await incus.run(['network', 'create', 'g1:odd0', 'ipv4.address=10.77.3.1/24', 'ipv6.address=none']);
    await incus.run(['copy', 'g1:c1', 'g1:carded']);
    await incus.run(['config', 'device', 'add', 'g1:carded', 'eth9', 'nic', 'network=odd0']);
    const before = volumesOf(second);
    const ended = await incus.try(['move', 'g1:carded', 'g2:carded']);
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /odd0/);
    assert.ok((await names(incus, 'g1')).includes('carded'));
    assert.ok(!(await names(incus, 'g2')).includes('carded'));
    assert.equal(volumesOf(second), before);
  });
});

/** A directory of the instance as it lies on disk: a new instance has an id that is part of its UUID. */
async function rootOf(incus: ForeignClient, daemon: TestDaemon, name: string, directory: string): Promise<string> {
  const uuid = (await shown(incus, name)).config['volatile.uuid'] ?? '';
  const id = uuid.replaceAll('-', '').slice(-12);
  const path = join(daemon.directory, 'pools/default/volumes', id, 'upper', directory);
  mkdirSync(path, { recursive: true });
  return path;
}

const volumeOf = async (incus: ForeignClient, remote: string, name: string) =>
  JSON.parse(await incus.run(['query', `${remote}:/1.0/storage-pools/default/volumes/custom/${name}`])) as {
    config: Record<string, string>;
  };
const volumeSnapshots = async (incus: ForeignClient, remote: string, name: string): Promise<string[]> =>
  (
    JSON.parse(
      await incus.run(['query', `${remote}:/1.0/storage-pools/default/volumes/custom/${name}/snapshots`]),
    ) as string[]
  )
    .map((url) => url.split('/').at(-1) ?? '')
    .sort();

/** Volumes are seen through a guest that runs on each of the servers. */
async function inVolume(incus: ForeignClient, remote: string, name: string, command: string): Promise<string> {
  const guest = `${remote}:looker`;
  await incus.run(['storage', 'volume', 'attach', `${remote}:default`, name, 'looker', 'seen', '/mnt/seen']);
  try {
    return await incus.run(['exec', guest, '--', 'sh', '-c', command]);
  } finally {
    await incus.run(['storage', 'volume', 'detach', `${remote}:default`, name, 'looker']);
  }
}
const fillVolume = (incus: ForeignClient, remote: string, name: string, text: string) =>
  inVolume(incus, remote, name, `printf %s "${text}" > /mnt/seen/note; chown 1000:100 /mnt/seen/note`);
const readVolume = (incus: ForeignClient, remote: string, name: string) =>
  inVolume(incus, remote, name, '[ "$(stat -c %u:%g /mnt/seen/note)" = 1000:100 ] && cat /mnt/seen/note');
