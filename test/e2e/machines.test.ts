/** Virtual machines beside containers: the same commands, lists, networks and snapshots (N04, O01, P03, P05, P06, W24). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importImage, lacking as lackingDaemon, startDaemon } from '../daemon.ts';
import { eventually } from '../integration/engine-lab.ts';
import { lacking as lackingMachines } from '../integration/qemu-lab.ts';
import { refusedGast, runGast, sureGast } from './gast.ts';
import { answers, bootMs, direct, small } from './machine-words.ts';

test('a virtual machine by the command line, from launch to delete', {
  skip: lackingDaemon() || lackingMachines(),
  timeout: 600_000,
}, async (t) => {
  await using daemon = await startDaemon();
  await importImage(daemon, 'busybox', 'bb');
  const gast = sureGast(daemon.env);
  const refused = refusedGast(daemon.env);
  const inside = (name: string, ...words: string[]) => gast('exec', name, '-T', '-n', '--', ...words);
  const isUp = (name: string) => answers(daemon.env, name);

  await t.test('it starts from a kernel of the host, and is listed beside a container', async () => {
    await gast('launch', 'bb', 'box');
    await gast('init', '--vm', '--empty', 'vm', ...small, ...direct);
    assert.equal(await gast('list', '-f', 'csv', '-c', 'nst'), 'box,RUNNING,CONTAINER\nvm,STOPPED,VIRTUAL-MACHINE');
    await gast('start', 'vm');
    assert.equal(await gast('list', '-f', 'csv', '-c', 'nst'), 'box,RUNNING,CONTAINER\nvm,RUNNING,VIRTUAL-MACHINE');
    await isUp('vm');
    assert.match(await gast('console', 'vm', '--show-log'), /ready after/);
  });

  await t.test('commands inside have their streams and exit codes', async () => {
    const both = await runGast(
      daemon.env,
      ['exec', 'vm', '-T', '--', 'sh', '-c', 'cat; echo err >&2; exit 7'],
      'through\n',
    );
    assert.deepEqual(both, { code: 7, stdout: 'through\n', stderr: 'err\n' });
    assert.equal(await inside('vm', 'uname', '-r').then((version) => version !== ''), true);
  });

  await t.test('it has an address of the network, and reaches the container', async () => {
    await eventually(
      'an address',
      async () => /\d+\.\d+/.test(await gast('list', 'vm', '-f', 'csv', '-c', '4')),
      bootMs,
    );
    const box = (await gast('list', 'box', '-f', 'csv', '-c', '4')).split(' ')[0] ?? '';
    assert.match(await inside('vm', 'ping', '-c', '1', '-W', '5', box), /1 packets received/);
    const vm = (await gast('list', 'vm', '-f', 'csv', '-c', '4')).split(' ')[0] ?? '';
    assert.match(await gast('exec', 'box', '-n', '--', 'ping', '-c', '1', '-W', '5', vm), /1 packets received/);
  });

  await t.test('it cannot take the address of another card', async () => {
    const box = (await gast('list', 'box', '-f', 'csv', '-c', '4')).split(' ')[0] ?? '';
    await inside('vm', 'sh', '-c', `ip addr flush dev eth0; ip addr add ${box}/24 dev eth0`);
    await inside('vm', 'sh', '-c', `! arping -c 2 -w 3 -I eth0 ${box}`).catch(() => {});
    // The container still has its own address, and everybody finds it there.
    assert.match(
      await gast('exec', 'box', '-n', '--', 'ip', '-4', 'addr', 'show', 'dev', 'eth0'),
      new RegExp(box.replaceAll('.', '\\.')),
    );
  });

  await t.test('a snapshot of the running machine, a copy of it, and back again', async () => {
    const write = (word: string) =>
      inside('vm', 'sh', '-c', `printf '%-16s' ${word} | dd of=/dev/vda conv=fsync,notrunc 2>/dev/null`);
    const read = async (name: string) => (await inside(name, 'head', '-c', '16', '/dev/vda')).trim();
    await write('first');
    await gast('snapshot', 'create', 'vm', 'one');
    await write('second');
    assert.equal(await read('vm'), 'second');
    await gast('copy', 'vm/one', 'twin');
    await gast('start', 'twin');
    await isUp('twin');
    assert.equal(await read('twin'), 'first');
    await gast('stop', '--force', 'twin');
    await gast('delete', 'twin');
    await gast('stop', 'vm');
    await gast('snapshot', 'restore', 'vm', 'one');
    await gast('config', 'device', 'set', 'vm', 'root', 'size=96MiB');
    await gast('start', 'vm');
    await isUp('vm');
    assert.equal(await read('vm'), 'first');
    assert.equal(await inside('vm', 'cat', '/sys/block/vda/size'), String((96 * 2 ** 20) / 512));
  });

  await t.test('it is paused, resumed, and outlives a daemon that is killed', async () => {
    await gast('pause', 'vm');
    assert.equal(await gast('list', 'vm', '-f', 'csv', '-c', 's'), 'FROZEN');
    await gast('resume', 'vm');
    await inside('vm', 'touch', '/run/kept');
    await daemon.end('SIGKILL');
    await daemon.start();
    assert.equal(await gast('list', 'vm', '-f', 'csv', '-c', 's'), 'RUNNING');
    await inside('vm', 'test', '-e', '/run/kept');
  });

  await t.test('what is not offered is refused with the reason', async () => {
    assert.match(
      await refused('config', 'device', 'add', 'vm', 'd', 'disk', 'source=/tmp', 'path=/mnt'),
      /with the start of the machine only/,
    );
    assert.match(await refused('launch', '--vm', 'bb', 'no'), /type "container" doesn't match/);
  });

  await t.test('it halts when it is asked to, and is deleted', async () => {
    await gast('stop', 'vm', '--timeout', '60');
    assert.equal(await gast('list', 'vm', '-f', 'csv', '-c', 's'), 'STOPPED');
    await gast('delete', 'vm');
    await gast('delete', '--force', 'box');
    assert.equal(await gast('list', '-f', 'csv', '-c', 'n'), '');
  });
});
