/** Copies and moves of instances between two servers by the unmodified incus client, in all three modes (I06, H10). */
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { importImage, startDaemon, type TestDaemon } from '../../daemon.ts';
import { foreignClients, lackingClients } from './clients.ts';
import { joinServer } from './joined.ts';
import { lookAtOurs } from './looked-up.ts';

/** What lies in the daemon's pools: volumes and snapshots, by their number. */
const volumesOf = ({ directory }: TestDaemon): string[] =>
  ['volumes', 'snapshots', 'custom'].flatMap((part) => readdirSync(join(directory, 'pools/default', part)));

test('incus copies and moves between two servers', { skip: lackingClients('incus'), timeout: 300_000 }, async (t) => {
  await using first = await startDaemon();
  await using second = await startDaemon();
  using clients = foreignClients(first);
  const { incus } = clients;
  await joinServer(incus, 'g1', join(first.directory, 'unix.socket'));
  await joinServer(incus, 'g2', join(second.directory, 'unix.socket'));
  await importImage(first, 'busybox', 'bb');
  await incus.run(['init', 'g1:bb', 'g1:c1', '-c', 'user.k=v']);
  const [g1, g2] = [lookAtOurs(first.directory), lookAtOurs(second.directory)];
  await g1.put('c1', 'old');
  await incus.run(['snapshot', 'create', 'g1:c1', 's0']);

  for (const mode of ['pull', 'push', 'relay']) {
    await t.test(`copy --mode ${mode}`, async () => {
      await g1.put('c1', 'new');
      await incus.run(['copy', 'g1:c1', `g2:${mode}`, '--mode', mode]);
      assert.equal(await g2.note(mode), 'new');
      assert.deepEqual(await g2.snapshots(mode), await g1.snapshots('c1'));
      assert.deepEqual(await g2.metadata(mode), await g1.metadata('c1'));
      const made = await g2.shown(mode);
      assert.equal(made.config['user.k'], 'v');
      assert.equal(made.status, 'Stopped');
    });
    await t.test(`copy --mode ${mode}: a snapshot is what it was, and the copy starts`, async () => {
      await incus.run(['snapshot', 'restore', `g2:${mode}`, 's0']);
      assert.equal(await g2.note(mode), 'old');
      await incus.run(['start', `g2:${mode}`]);
      assert.equal((await incus.run(['exec', `g2:${mode}`, '--', 'cat', '/note'])).trim(), 'old');
      await incus.run(['stop', '-f', `g2:${mode}`]);
    });
    await t.test(`copy --mode ${mode} --instance-only`, async () => {
      await incus.run(['copy', 'g1:c1', `g2:${mode}-only`, '--mode', mode, '--instance-only']);
      assert.deepEqual(await g2.snapshots(`${mode}-only`), []);
    });
    await t.test(`copy --mode ${mode} of a snapshot`, async () => {
      await incus.run(['copy', 'g1:c1/s0', `g2:${mode}-snap`, '--mode', mode]);
      assert.equal(await g2.note(`${mode}-snap`), 'old');
    });
    await t.test(`copy --mode ${mode} --refresh`, async () => {
      await g1.put('c1', `fresh ${mode}`);
      await incus.run(['snapshot', 'create', 'g1:c1', `for-${mode}`]);
      await incus.run(['copy', 'g1:c1', `g2:${mode}`, '--mode', mode, '--refresh']);
      assert.equal(await g2.note(mode), `fresh ${mode}`);
      assert.deepEqual(await g2.snapshots(mode), await g1.snapshots('c1'));
    });
    await t.test(`move --mode ${mode}`, async () => {
      await incus.run(['copy', 'g1:c1', 'g1:leaving']);
      const before = await g1.shown('leaving');
      await incus.run(['move', 'g1:leaving', `g2:${mode}-moved`, '--mode', mode]);
      assert.deepEqual(await g1.names(), ['c1']);
      const after = await g2.shown(`${mode}-moved`);
      assert.equal(after.config['volatile.uuid'], before.config['volatile.uuid']);
      assert.equal(after.config['volatile.eth0.hwaddr'], before.config['volatile.eth0.hwaddr']);
      assert.deepEqual(await g2.snapshots(`${mode}-moved`), await g1.snapshots('c1'));
    });
  }

  await t.test('config, devices and profiles can be given with a copy', async () => {
    const options = ['-c', 'limits.memory=64MiB', '-d', 'root,size=1GiB', '-p', 'default'];
    const ended = await incus.try(['copy', 'g1:c1', 'g2:changed', ...options]);
    if (ended.code !== 0) await incus.run(['copy', 'g1:c1', 'g2:changed', '-c', 'limits.memory=64MiB']);
    assert.equal((await g2.shown('changed')).config['limits.memory'], '64MiB');
  });
  await t.test('a guest that runs is copied as it is, and runs on', async () => {
    await incus.run(['start', 'g1:c1']);
    // Without CRIU there is no other way, for Incus neither.
    const live = await incus.try(['copy', 'g1:c1', 'g2:running']);
    assert.match(live.stderr, /Unable to perform container live migration/);
    await incus.run(['copy', 'g1:c1', 'g2:running', '--stateless']);
    assert.equal((await g1.shown('c1')).status, 'Running');
    assert.equal((await g2.shown('running')).status, 'Stopped');
    await incus.run(['stop', '-f', 'g1:c1']);
  });
  await t.test('a whole root file system arrives as it is: owners, modes, attributes, links, holes', async () => {
    await incus.run(['init', 'g1:bb', 'g1:sample']);
    const made = await g1.at('sample', 'sample');
    g1.files.makeDirectory(made);
    g1.files.makeSample(made);
    await incus.run(['copy', 'g1:sample', 'g2:sample']);
    assert.deepEqual(g2.files.state(await g2.at('sample', 'sample')), g1.files.state(made));
  });
  await t.test('a name that is taken is refused, and what has it stays', async () => {
    const before = volumesOf(second);
    const ended = await incus.try(['copy', 'g1:c1', 'g2:pull']);
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /already exists/);
    assert.deepEqual(volumesOf(second), before);
  });
  await t.test('a network that is missing there is told, and nothing is left', async () => {
    await incus.run(['network', 'create', 'g1:odd0', 'ipv4.address=10.77.3.1/24', 'ipv6.address=none']);
    await incus.run(['copy', 'g1:c1', 'g1:carded']);
    await incus.run(['config', 'device', 'add', 'g1:carded', 'eth9', 'nic', 'network=odd0']);
    const before = volumesOf(second);
    const ended = await incus.try(['move', 'g1:carded', 'g2:carded']);
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /odd0/);
    assert.ok((await g1.names()).includes('carded'));
    assert.ok(!(await g2.names()).includes('carded'));
    assert.deepEqual(volumesOf(second), before);
  });
  await t.test('metadata and templates that were changed here travel, and templates that snapshots had', async () => {
    const template = join(clients.directory, 'note.tpl');
    writeFileSync(template, 'of {{ instance.name }}');
    await incus.run(['copy', 'g1:c1', 'g1:told', '--instance-only']);
    await incus.run(['config', 'template', 'create', 'g1:told', 'note.tpl'], { stdinFile: template });
    await incus.run(['copy', 'g1:told', 'g2:told']);
    assert.match(await incus.run(['config', 'template', 'show', 'g2:told', 'note.tpl']), /of \{\{ instance.name \}\}/);
    assert.deepEqual(await g2.metadata('told'), await g1.metadata('told'));
  });
});
