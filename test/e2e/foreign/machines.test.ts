/** Virtual machines by the clients of others: the same words as for containers, and both kinds told alike (O01). */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { importImage, startDaemon } from '../../daemon.ts';
import { eventually } from '../../integration/engine-lab.ts';
import { lacking as lackingMachines } from '../../integration/qemu-lab.ts';
import { tinyMachine } from '../../machines/tiny-machine.ts';
import { sureGast } from '../gast.ts';
import { atTerminal } from './at-terminal.ts';
import { foreignClients, lackingClients } from './clients.ts';

const { kernel, initrd, append } = tinyMachine;
/** Emulated, on a machine that has other work. */
const bootMs = 120_000;

test('incus: a virtual machine from its making to its end', {
  skip: lackingClients('incus') || lackingMachines(),
  timeout: 600_000,
}, async (t) => {
  await using daemon = await startDaemon();
  using clients = foreignClients(daemon);
  const { incus, env } = clients;
  const gast = sureGast(daemon.env);
  const work = mkdtempSync(join(tmpdir(), 'foreign-vm-'));
  t.after(() => rmSync(work, { recursive: true, force: true }));
  await importImage(daemon, 'busybox', 'bb');
  await incus.run(['launch', 'bb', 'box']);

  await t.test('it is made and started with the words of containers', async () => {
    const words = ['-c', 'limits.memory=128MiB', '-d', 'root,size=64MiB'];
    const direct = [`machine.kernel=${kernel}`, `machine.initrd=${initrd}`, `machine.cmdline=${append}`];
    await incus.run(['init', '--empty', '--vm', 'vm', ...words, ...direct.flatMap((word) => ['-c', word])]);
    await incus.run(['start', 'vm']);
    await eventually('it answers', async () => (await incus.try(['exec', 'vm', '--', 'true'])).code === 0, bootMs);
  });

  await t.test('incus and gast list both kinds alike', async () => {
    const rows = 'box,CONTAINER,RUNNING\nvm,VIRTUAL-MACHINE,RUNNING';
    assert.equal((await incus.run(['list', '-f', 'csv', '-c', 'nts'])).trim(), rows);
    assert.equal(await gast('list', '-f', 'csv', '-c', 'nts'), rows);
    const described = JSON.parse(await incus.run(['list', '-f', 'json'])) as Record<string, unknown>[];
    const [box, vm] = described as [Record<string, unknown>, Record<string, unknown>];
    assert.deepEqual(Object.keys(vm).sort(), Object.keys(box).sort());
    assert.deepEqual(
      Object.keys(vm.state as object).filter((key) => key !== 'os_info'),
      Object.keys(box.state as object).filter((key) => key !== 'os_info'),
    );
    const told = await incus.run(['info', 'vm']);
    for (const word of [/Type: virtual-machine/, /Status: RUNNING/i, /Memory usage/, /Network usage/, /eth0:/])
      assert.match(told, word);
  });

  await t.test('commands, a terminal and the console', async () => {
    assert.equal(await incus.run(['exec', 'vm', '--', 'cat'], { stdin: 'round trip' }), 'round trip');
    assert.equal((await incus.try(['exec', 'vm', '--', 'sh', '-c', 'exit 7'])).code, 7);
    const { code, seen } = await atTerminal('stty rows 40 cols 132; incus exec vm -- sh', env, [
      [/# /, 'stty size\n'],
      [/40 132/, 'exit 3\n'],
    ]);
    assert.match(seen, /40 132/);
    assert.equal(code, 3);
    assert.match(await incus.run(['console', 'vm', '--show-log']), /ready after/);
  });

  await t.test('files go in and out', async () => {
    const [there, back] = [join(work, 'there'), join(work, 'back')];
    writeFileSync(there, Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251)));
    await incus.run(['file', 'push', there, 'vm/run/pushed', '--mode', '0640']);
    assert.equal(await incus.run(['exec', 'vm', '--', 'stat', '-c', '%a %s', '/run/pushed']), '640 300000\n');
    await incus.run(['file', 'pull', 'vm/run/pushed', back]);
    assert.deepEqual(readFileSync(back), readFileSync(there));
  });

  await t.test('snapshots, a copy, limits and devices', async () => {
    await incus.run(['snapshot', 'create', 'vm', 'one']);
    await incus.run(['copy', 'vm/one', 'twin']);
    assert.match(await incus.run(['info', 'vm']), /\bone\b/);
    await incus.run(['config', 'set', 'vm', 'limits.memory=96MiB']);
    assert.equal((await incus.run(['config', 'get', 'vm', 'limits.memory'])).trim(), '96MiB');
    await incus.run(['snapshot', 'delete', 'vm', 'one']);
    assert.notEqual(
      await incus.run(['config', 'get', 'twin', 'volatile.uuid']),
      await incus.run(['config', 'get', 'vm', 'volatile.uuid']),
    );
    await incus.run(['delete', 'twin']);
  });

  await t.test('it is paused, goes on, restarts, halts and goes', async () => {
    await incus.run(['pause', 'vm']);
    assert.equal((await incus.run(['list', 'vm', '-f', 'csv', '-c', 's'])).trim(), 'FROZEN');
    await incus.run(['resume', 'vm']);
    await incus.run(['stop', 'vm', '--timeout', '100']);
    assert.equal((await incus.run(['list', 'vm', '-f', 'csv', '-c', 's'])).trim(), 'STOPPED');
    await incus.run(['delete', 'vm']);
    await incus.run(['delete', '--force', 'box']);
  });
});
