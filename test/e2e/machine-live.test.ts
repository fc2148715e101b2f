/** A virtual machine that runs moves to another pool, with its snapshots and their memory (M12). */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { lacking as lackingDaemon, startDaemon } from '../daemon.ts';
import { lacking as lackingMachines } from '../integration/qemu-lab.ts';
import { refusedGast, sureGast } from './gast.ts';
import { answers, direct, small } from './machine-words.ts';

test('a machine moves to another pool while it writes', {
  skip: lackingDaemon() || lackingMachines(),
  timeout: 600_000,
}, async (t) => {
  await using daemon = await startDaemon();
  const gast = sureGast(daemon.env);
  const shell = (words: string) => gast('exec', 'vm', '-T', '-n', '--', 'sh', '-c', words);
  const write = (word: string, at: number) =>
    shell(`printf '%-16s' ${word} | dd of=/dev/vda bs=1M seek=${at} conv=fsync,notrunc 2>/dev/null`);
  const read = async (at: number) =>
    (await shell(`dd if=/dev/vda bs=1M skip=${at} count=1 2>/dev/null | head -c 16`)).trim();
  const refused = refusedGast(daemon.env);
  const poolOf = async () => /pool: (\S+)/.exec(await gast('config', 'show', 'vm', '--expanded'))?.[1];

  await gast('storage', 'create', 'other', 'dir');
  await gast('init', '--vm', '--empty', 'vm', ...small, ...direct);
  await gast('start', 'vm');
  await answers(daemon.env, 'vm');
  const boot = await shell('cat /proc/sys/kernel/random/boot_id');

  await t.test('with its snapshots and their memory; nothing stays in the old pool', async () => {
    await write('first', 1);
    await gast('snapshot', 'create', 'vm', 'one', '--stateful');
    await write('second', 1);
    await shell(
      '(i=0; while :; do i=$((i+1)); echo $i > /run/count; echo $i | dd of=/dev/vda bs=1M seek=8 conv=notrunc 2>/dev/null; done) >/dev/null 2>&1 &',
    );
    assert.match(await refused('move', 'vm', 'www', '--storage', 'other'), /must be stopped/);
    await gast('move', 'vm', '--storage', 'other');
    assert.equal(await poolOf(), 'other');
    assert.equal(await gast('list', 'vm', '-f', 'csv', '-c', 's'), 'RUNNING');
    assert.equal(await shell('cat /proc/sys/kernel/random/boot_id'), boot);
    assert.equal(await read(1), 'second');
    const [before, after] = [await shell('cat /run/count'), await shell('sleep 1; cat /run/count')];
    assert.ok(Number(after) > Number(before), `${before} ${after}`);
    await gast('storage', 'show', 'other');
    assert.doesNotMatch(await gast('storage', 'info', 'default'), /instances\/vm/);
  });

  await t.test('it outlives the daemon there, starts from there, and goes back to a memory there', async () => {
    await daemon.end('SIGKILL');
    await daemon.start();
    assert.equal(await gast('list', 'vm', '-f', 'csv', '-c', 's'), 'RUNNING');
    await write('third', 1);
    await gast('snapshot', 'restore', 'vm', 'one', '--stateful');
    assert.equal(await read(1), 'first');
    assert.equal(await shell('cat /proc/sys/kernel/random/boot_id'), boot);
  });

  await t.test('and back to the first pool, stopped with its memory', async () => {
    await write('fourth', 1);
    await gast('stop', 'vm', '--stateful');
    await gast('move', 'vm', '--storage', 'default');
    await gast('start', 'vm');
    assert.equal(await read(1), 'fourth');
    assert.equal(await shell('cat /proc/sys/kernel/random/boot_id'), boot);
    await gast('delete', '--force', 'vm');
    await gast('storage', 'delete', 'other');
    assert.equal(existsSync(`${daemon.directory}/pools/other`), false);
  });
});
