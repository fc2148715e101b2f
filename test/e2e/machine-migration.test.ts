/** Virtual machines go from one server to another at rest, or as they were at one moment, with their snapshots (I06, N07). */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { lacking as lackingDaemon, startDaemon } from '../daemon.ts';
import { lacking as lackingMachines } from '../integration/qemu-lab.ts';
import { answers, direct } from './machine-words.ts';
import { openHome } from './remote-home.ts';

const small = ['-c', 'limits.memory=128MiB', '-d', 'root,size=256MiB'];

test('machines are copied and moved between servers', {
  skip: lackingDaemon() || lackingMachines(),
  timeout: 900_000,
}, async (t) => {
  await using first = await startDaemon();
  await using second = await startDaemon();
  using home = openHome(first);
  const { env, gast, meet } = home;
  const inside = (name: string, script: string) => gast('exec', name, '-T', '-n', '--', 'sh', '-c', script);
  const isUp = (name: string) => answers(env, name);
  const write = (word: string) =>
    inside('vm', `printf '%-512s' ${word} | dd of=/dev/vda conv=fsync,notrunc 2>/dev/null`);
  /** The bytes of the machine and of its snapshot `one`, as hashes. */
  const hashes = async (name: string, states = ['-snapshots/one', '']) => {
    const file = join(home.directory, 'hashed.tar');
    await gast('export', name, file, '--compression', 'gzip');
    return states.map((state) =>
      execFileSync('sh', ['-c', 'tar -xOzf "$1" "backup/virtual-machine$2.img" | sha256sum', 'sh', file, state], {
        encoding: 'utf8',
      }).slice(0, 64),
    );
  };
  const layers = (daemon: typeof first) => readdirSync(join(daemon.directory, 'pools/default/disks/layers')).length;
  let expected: string[] = [];

  await t.test('a running one is copied as it is at one moment, and runs on', async () => {
    await meet(second, 'otto');
    await gast('init', '--vm', '--empty', 'vm', ...small, ...direct);
    await gast('start', 'vm');
    await isUp('vm');
    await inside('vm', 'dd if=/dev/urandom of=/dev/vda bs=64k count=40 seek=2000 conv=fsync,notrunc 2>/dev/null');
    await write('first');
    await gast('snapshot', 'create', 'vm', 'one');
    await write('second');
    assert.equal(await gast('copy', 'vm', 'otto:moment', '--stateless'), 'moment');
    await inside('vm', 'true');
    expected = await hashes('vm');
    assert.deepEqual(await hashes('otto:moment'), expected);
    await gast('delete', 'otto:moment');
    await gast('stop', '--force', 'vm');
  });

  await t.test('through this computer, by pull and by push, with snapshots', async () => {
    await meet(first, 'karl');
    for (const mode of ['pull', 'push', 'relay']) {
      assert.equal(await gast('copy', 'karl:vm', `otto:${mode}`, '--mode', mode), mode);
      assert.match(await gast('list', `otto:${mode}`, '-f', 'csv', '-c', 'nstS'), /,STOPPED,VIRTUAL-MACHINE,1$/);
    }
    assert.deepEqual(await hashes('otto:pull'), expected);
    assert.deepEqual(await hashes('otto:push'), expected);
    assert.deepEqual(await hashes('otto:relay'), expected);
    for (const mode of ['push', 'relay']) await gast('delete', `otto:${mode}`);
  });

  await t.test('a refresh brings a copy up to date', async () => {
    await gast('snapshot', 'restore', 'otto:pull', 'one');
    await gast('snapshot', 'create', 'vm', 'more');
    await gast('copy', 'karl:vm', 'otto:pull', '--refresh');
    assert.deepEqual(await hashes('otto:pull'), expected);
    assert.match(await gast('list', 'otto:pull', '-f', 'csv', '-c', 'S'), /^2$/);
  });

  await t.test('it is moved, and moved back, and what it left is gone', async () => {
    await gast('delete', 'otto:pull');
    assert.equal(layers(second), 0);
    await gast('move', 'karl:vm', 'otto:away');
    assert.equal(layers(first), 0);
    await gast('move', 'otto:away', 'karl:vm');
    assert.equal(layers(second), 0);
    assert.deepEqual(await hashes('vm'), expected);
  });

  await t.test('a snapshot becomes a machine there, and a copy without snapshots has none', async () => {
    await gast('copy', 'karl:vm/one', 'otto:old');
    await gast('copy', 'karl:vm', 'otto:only', '--instance-only');
    assert.match(await gast('list', 'otto:', '-f', 'csv', '-c', 'nS'), /^old,0\nonly,0$/);
    assert.equal((await hashes('otto:old', ['']))[0], expected[0]);
    assert.equal((await hashes('otto:only', ['']))[0], expected[1]);
    for (const name of ['old', 'only']) await gast('delete', `otto:${name}`);
    assert.equal(layers(second), 0);
  });
});
