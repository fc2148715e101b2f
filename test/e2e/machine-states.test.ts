/** Snapshots with memory, and stops after which a machine goes on where it was (M11, P05). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importImage, lacking as lackingDaemon, startDaemon } from '../daemon.ts';
import { eventually } from '../integration/engine-lab.ts';
import { lacking as lackingMachines } from '../integration/qemu-lab.ts';
import { refusedGast, sureGast } from './gast.ts';
import { answers, bootMs, direct, small } from './machine-words.ts';

test('the memory of a virtual machine, by the command line', {
  skip: lackingDaemon() || lackingMachines(),
  timeout: 600_000,
}, async (t) => {
  await using daemon = await startDaemon();
  const gast = sureGast(daemon.env);
  const refused = refusedGast(daemon.env);
  const inside = (name: string, ...words: string[]) => gast('exec', name, '-T', '-n', '--', ...words);
  const shell = (words: string) => inside('vm', 'sh', '-c', words);
  const isUp = () => answers(daemon.env, 'vm');
  const status = () => gast('list', 'vm', '-f', 'csv', '-c', 's');
  /** What only memory holds, and what the disk holds. */
  const write = (word: string) =>
    shell(`echo ${word} > /run/word; printf '%-16s' ${word} | dd of=/dev/vda conv=fsync,notrunc 2>/dev/null`);
  const read = async () => (await shell('cat /run/word; head -c 16 /dev/vda')).trim().split(/\s+/);
  const boots = () => shell('cat /proc/sys/kernel/random/boot_id');

  await gast('init', '--vm', '--empty', 'vm', ...small, ...direct);
  assert.match(await refused('snapshot', 'create', 'vm', 'no', '--stateful'), /it does not run/);
  await gast('start', 'vm');
  await isUp();
  const boot = await boots();

  await t.test('a snapshot with memory: back to it, the machine goes on from there', async () => {
    await write('first');
    await gast('snapshot', 'create', 'vm', 'one', '--stateful');
    assert.match(await gast('snapshot', 'list', 'vm', '-f', 'csv'), /one,.*YES/);
    await write('second');
    await gast('snapshot', 'create', 'vm', 'plain');
    await gast('snapshot', 'restore', 'vm', 'one', '--stateful');
    assert.equal(await status(), 'RUNNING');
    assert.deepEqual(await read(), ['first', 'first']);
    assert.equal(await boots(), boot);
    assert.match(await refused('snapshot', 'restore', 'vm', 'plain', '--stateful'), /snapshot is stateless/);
    assert.deepEqual(await read(), ['first', 'first']);
  });

  await t.test('it is stopped with its memory and goes on where it was, its clock put right', async () => {
    await write('third');
    await gast('stop', 'vm', '--stateful');
    assert.equal(await status(), 'STOPPED');
    assert.match(await gast('config', 'show', 'vm'), /stateful: true/);
    await daemon.end('SIGKILL');
    await daemon.start();
    await gast('start', 'vm');
    assert.deepEqual(await read(), ['third', 'third']);
    assert.equal(await boots(), boot);
    assert.match(await gast('config', 'show', 'vm'), /stateful: false/);
    await eventually(
      'its clock',
      async () => Math.abs(Number(await shell('date +%s')) - Date.now() / 1000) < 5,
      bootMs,
    );
  });

  await t.test('a machine with other parts does not take the memory; it starts without it', async () => {
    await gast('stop', 'vm', '--stateful');
    await gast('config', 'set', 'vm', 'limits.memory=160MiB');
    assert.match(await refused('start', 'vm'), /with other parts: then .*-m 128M/);
    assert.equal(await status(), 'STOPPED');
    await gast('config', 'set', 'vm', 'limits.memory=128MiB');
    await gast('start', 'vm', '--stateless');
    await isUp();
    assert.notEqual(await boots(), boot);
    assert.match(await gast('config', 'show', 'vm'), /stateful: false/);
  });

  await t.test('a copy is another machine, without the memory; what is refused says why', async () => {
    await gast('copy', 'vm/one', 'twin');
    assert.match(await gast('config', 'show', 'twin'), /stateful: false/);
    await gast('delete', 'twin');
    await gast('pause', 'vm');
    assert.match(await refused('snapshot', 'create', 'vm', 'no', '--stateful'), /frozen/);
    await gast('resume', 'vm');
    await importImage(daemon, 'busybox', 'bb');
    await gast('launch', 'bb', 'box');
    assert.match(await refused('stop', 'box', '--stateful'), /migration.stateful/);
    assert.match(await refused('snapshot', 'create', 'box', 'no', '--stateful'), /migration.stateful/);
    await gast('delete', '--force', 'box');
  });

  await t.test('it is restored while it is stopped, and everything goes with it', async () => {
    await gast('stop', '--force', 'vm');
    await gast('snapshot', 'restore', 'vm', 'one', '--stateful');
    assert.equal(await status(), 'RUNNING');
    assert.deepEqual(await read(), ['first', 'first']);
    assert.equal(await boots(), boot);
    await gast('delete', '--force', 'vm');
    assert.equal(await gast('list', '-f', 'csv', '-c', 'n'), '');
  });
});
