/** Snapshots, restore, rebuild, rename and changes of all guests at once, by the unmodified incus client. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importImage, startDaemon } from '../../daemon.ts';
import { until } from './at-terminal.ts';
import { foreignClients, lackingClients } from './clients.ts';

test('incus: snapshots, restore, rebuild, rename and bulk changes', { skip: lackingClients('incus') }, async (t) => {
  await using daemon = await startDaemon();
  using clients = foreignClients(daemon);
  const { incus } = clients;
  await importImage(daemon, 'busybox', 'bb');
  await incus.run(['launch', 'bb', 'c1']);
  const snapshots = async () =>
    JSON.parse(await incus.run(['snapshot', 'list', 'c1', '-f', 'json'])) as { name: string; expires_at: string }[];
  const names = async () => (await snapshots()).map(({ name }) => name);

  await t.test('snapshot create with and without a name', async () => {
    await incus.run(['snapshot', 'create', 'c1', 's0']);
    await incus.run(['config', 'set', 'c1', 'snapshots.pattern=auto%d']);
    await incus.run(['snapshot', 'create', 'c1']);
    await incus.run(['snapshot', 'create', 'c1']);
    assert.deepEqual(await names(), ['s0', 'auto0', 'auto1']);
  });
  await t.test('snapshots.expiry counts, --no-expiry overrides it', async () => {
    await incus.run(['config', 'set', 'c1', 'snapshots.expiry=1d']);
    await incus.run(['snapshot', 'create', 'c1', 'soon']);
    await incus.run(['snapshot', 'create', 'c1', 'never', '--no-expiry']);
    const all = await snapshots();
    assert.ok(Date.parse(all.find(({ name }) => name === 'soon')?.expires_at ?? '') > Date.now());
    assert.equal(all.find(({ name }) => name === 'never')?.expires_at, '0001-01-01T00:00:00Z');
  });
  await t.test('snapshot create --reuse replaces', async () => {
    await incus.run(['snapshot', 'create', 'c1', 'soon', '--reuse', '--no-expiry']);
    assert.equal((await snapshots()).find(({ name }) => name === 'soon')?.expires_at, '0001-01-01T00:00:00Z');
  });
  await t.test('snapshot create --stateful is refused in the words of Incus', async () => {
    const ended = await incus.try(['snapshot', 'create', 'c1', 'sst', '--stateful']);
    assert.equal(
      ended.stderr,
      'Error: Stateful snapshots require that the instance has migration.stateful be set to true\n',
    );
  });
  await t.test('snapshot rename, show, delete', async () => {
    await incus.run(['snapshot', 'rename', 'c1', 'never', 'kept']);
    assert.match(await incus.run(['snapshot', 'show', 'c1', 'kept']), /^expires_at: 0001-01-01T00:00:00Z$/m);
    await incus.run(['snapshot', 'delete', 'c1', 'soon']);
    assert.deepEqual(await names(), ['s0', 'auto0', 'auto1', 'kept']);
  });
  await t.test('the expiry of a snapshot is changed, and it goes when it is over', async () => {
    const at = new Date(Date.now() + 1_000).toISOString();
    const body = JSON.stringify({ expires_at: at });
    await incus.run(['query', '--wait', '-X', 'PUT', '-d', body, '/1.0/instances/c1/snapshots/auto1']);
    await until(async () => !(await names()).includes('auto1'), 'the snapshot expires');
  });
  await t.test('snapshots by schedule', async () => {
    const before = (await names()).length;
    await incus.run(['config', 'set', 'c1', 'snapshots.pattern=sched%d', 'snapshots.schedule=* * * * *']);
    await until(async () => (await names()).length > before, 'a snapshot by the clock').catch(async () => {
      await until(async () => (await names()).length > before, 'a snapshot by the clock');
    });
    await incus.run(['config', 'unset', 'c1', 'snapshots.schedule']);
    assert.ok((await names()).includes('sched0'));
  });
  await t.test('a schedule that is none is refused', async () => {
    assert.match((await incus.try(['config', 'set', 'c1', 'snapshots.schedule=often'])).stderr, /snapshots\.schedule/);
  });
  await t.test('restore of a running guest', async () => {
    await incus.run(['exec', 'c1', '--', 'touch', '/root/later']);
    await incus.run(['snapshot', 'restore', 'c1', 's0']);
    assert.equal(await incus.run(['exec', 'c1', '--', 'ls', '/root']), '');
  });
  await t.test('rename of a running guest is refused, of a stopped one done', async () => {
    assert.notEqual((await incus.try(['rename', 'c1', 'c9'])).code, 0);
    await incus.run(['stop', '--force', 'c1']);
    await incus.run(['rename', 'c1', 'c9']);
    assert.equal((await incus.run(['list', '-c', 'n', '-f', 'csv'])).trim(), 'c9');
    await incus.run(['rename', 'c9', 'c1']);
  });
  await t.test('rebuild from an image and to nothing', async () => {
    await incus.run(['init', 'bb', 'c2']);
    await incus.run(['file', 'create', 'c2/root/own']);
    await incus.run(['rebuild', 'bb', 'c2']);
    assert.notEqual((await incus.try(['file', 'pull', 'c2/root/own', '-'])).code, 0);
    await incus.run(['rebuild', '--empty', 'c2']);
    assert.notEqual((await incus.try(['file', 'pull', 'c2/bin/sh', '-'])).code, 0);
    await incus.run(['delete', 'c2']);
  });
  await t.test('rebuild of a running guest is refused', async () => {
    await incus.run(['launch', 'bb', 'c3']);
    assert.match((await incus.try(['rebuild', 'bb', 'c3'])).stderr, /must be stopped|running/i);
  });
  await t.test('start, stop and restart of all at once', async () => {
    await incus.run(['start', '--all']);
    assert.equal((await incus.run(['list', '-c', 's', '-f', 'csv'])).trim(), 'RUNNING\nRUNNING');
    await incus.run(['restart', '--all', '--force']);
    await incus.run(['stop', '--all', '--force']);
    assert.equal((await incus.run(['list', '-c', 's', '-f', 'csv'])).trim(), 'STOPPED\nSTOPPED');
  });
});
