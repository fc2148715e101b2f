/** The life of an instance, driven by the unmodified incus client. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importImage, startDaemon } from '../../daemon.ts';
import { foreignClients, lackingClients } from './clients.ts';

test('incus launches, lists, executes in, snapshots, copies, stops and deletes a guest', {
  skip: lackingClients('incus'),
}, async (t) => {
  await using daemon = await startDaemon();
  using clients = foreignClients(daemon);
  const { incus } = clients;
  await importImage(daemon, 'busybox', 'bb');

  await t.test('launch and list', async () => {
    await incus.run(['launch', 'bb', 'c1']);
    assert.equal((await incus.run(['list', '-c', 'ns', '-f', 'csv'])).trim(), 'c1,RUNNING');
  });
  await t.test('exec gives output and exit code', async () => {
    const ended = await incus.try(['exec', 'c1', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7']);
    assert.deepEqual({ ...ended, stderr: ended.stderr.trim() }, { code: 7, stdout: 'out\n', stderr: 'err' });
  });
  await t.test('config set and get', async () => {
    await incus.run(['config', 'set', 'c1', 'user.foo=bar']);
    assert.equal((await incus.run(['config', 'get', 'c1', 'user.foo'])).trim(), 'bar');
  });
  await t.test('snapshot, copy, stop, delete', async () => {
    await incus.run(['snapshot', 'create', 'c1', 's0']);
    await incus.run(['copy', 'c1/s0', 'c2']);
    await incus.run(['stop', '--force', 'c1']);
    await incus.run(['delete', 'c1']);
    await incus.run(['delete', 'c2']);
    assert.equal((await incus.run(['list', '-f', 'csv'])).trim(), '');
  });
});
