/**
 * The Debian that is built in, as a virtual machine: from one command to a system that runs, with UEFI and a TPM, on a disk that
 * it has grown into. One start serves as many checks as it can (M01, M07, N04, P03, P12, W19).
 */
import assert from 'node:assert/strict';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { importImage, lacking as lackingDaemon, startDaemon } from '../daemon.ts';
import { eventually } from '../integration/engine-lab.ts';
import { lacking as lackingMachines } from '../integration/qemu-lab.ts';
import { lackingBuild, lendBuild } from '../machines/built-machine.ts';
import { readPng } from '../machines/png.ts';
import { stillFiles } from '../machines/still-files.ts';
import { runGast, sureGast } from './gast.ts';
import { answers } from './machine-words.ts';

/** Emulated, on a machine that has other work. */
const bootMs = 240_000;
const mebibyte = 2 ** 20;
const variable = '/sys/firmware/efi/efivars/Kept-6e2b7a54-0d9f-4b55-9c3e-6a3ec9f1c2d7';

test('the built-in Debian as a virtual machine', {
  skip: lackingDaemon() || lackingMachines() || lackingBuild(),
  timeout: 900_000,
}, async (t) => {
  await using daemon = await startDaemon();
  lendBuild(daemon);
  // The name belongs to an image of the other type already.
  await importImage(daemon, 'busybox', 'debian/12');
  const gast = sureGast(daemon.env);
  const inside = (...words: string[]) => gast('exec', 'vm', '-T', '-n', '--', ...words);
  const shell = (line: string) => inside('sh', '-c', line);
  const isUp = () => answers(daemon.env, 'vm', bootMs);

  await t.test('one command makes it, beside a container image of the same name', async () => {
    await gast(
      'init',
      'debian/12',
      'vm',
      '--vm',
      '-c',
      'limits.memory=320MiB',
      '-c',
      'limits.cpu=2',
      '-d',
      'root,size=6GiB',
      '-d',
      'tpm,type=tpm',
    );
    assert.equal(await gast('list', '-f', 'csv', '-c', 'nst'), 'vm,STOPPED,VIRTUAL-MACHINE');
    const types = (await gast('image', 'list', '-f', 'csv', '-c', 'lt')).split('\n').sort();
    assert.deepEqual(types, ['debian/12,CONTAINER', 'debian/12,VIRTUAL-MACHINE']);
    assert.match(await gast('image', 'list', '--recipes', '-f', 'csv'), /^debian\/12,.*VIRTUAL-MACHINE/m);
    await gast('start', 'vm');
    await isUp();
  });

  await t.test('its system is whole: no unit failed, and it grew into its disk', async () => {
    const state = await runGast(daemon.env, [
      'exec',
      'vm',
      '-T',
      '-n',
      '--',
      'systemctl',
      'is-system-running',
      '--wait',
    ]);
    assert.equal(state.stdout.trim(), 'running', await inside('systemctl', '--failed', '--no-legend'));
    assert.equal(await inside('cat', '/sys/block/vda/size'), String((6 * 2 ** 30) / 512));
    const [, sizeKiB = ''] = (await inside('df', '--output=size', '-k', '/')).split('\n');
    assert.ok(Number(sizeKiB) > 5.5 * 2 ** 20, sizeKiB);
  });

  await t.test('commands inside have their output and exit code', async () => {
    const both = await runGast(daemon.env, ['exec', 'vm', '-T', '--', 'sh', '-c', 'cat; echo err >&2; exit 7'], 'in\n');
    assert.deepEqual(both, { code: 7, stdout: 'in\n', stderr: 'err\n' });
  });

  await t.test('it has the address, the name and the resolver that the network gives', async () => {
    const listed = async () => (await gast('list', 'vm', '-f', 'csv', '-c', '4')).split(' ')[0] ?? '';
    await eventually('an address', async () => /^\d+\./.test(await listed()), bootMs);
    const leased = await inside('ip', '-4', '-br', 'address', 'show', 'dev', 'eth0');
    assert.ok(leased.includes(`${await listed()}/`), leased);
    await eventually('its name', async () => (await inside('hostname')) === 'vm', 60_000);
    assert.match(await inside('getent', 'hosts', 'vm'), /\bvm/);
  });

  await t.test('it has started by UEFI, and has a TPM', async () => {
    assert.equal(await inside('cat', '/sys/class/tpm/tpm0/tpm_version_major'), '2');
    await shell(`printf '\\007\\000\\000\\000first' > ${variable}`);
    assert.equal(await shell(`tail -c 5 ${variable}`), 'first');
  });

  await t.test('files go in and out, for whom and as what was asked', async () => {
    const [there, back] = [join(daemon.directory, 'there'), join(daemon.directory, 'back')];
    const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, index) => index % 251));
    writeFileSync(there, bytes);
    await gast('file', 'push', there, 'vm/opt/pushed', '--mode', '0640', '--uid', '33', '--gid', '33');
    assert.equal(await inside('stat', '-c', '%A %U %s', '/opt/pushed'), '-rw-r----- www-data 200000');
    await gast('file', 'pull', 'vm/opt/pushed', back);
    assert.deepEqual(readFileSync(back), bytes);
    assert.match(await gast('file', 'pull', 'vm/etc/debian_version', '-'), /^12\./);
  });

  await t.test('a disk and a card come and go while it runs, and its own disk grows', async () => {
    const file = join(daemon.directory, 'data.img');
    writeFileSync(file, '');
    truncateSync(file, 8 * mebibyte);
    const device = (...words: string[]) => gast('config', 'device', ...words);
    const network = (await gast('network', 'list', '-f', 'csv')).split(',')[0] ?? '';
    await device('add', 'vm', 'data', 'disk', `source=${file}`);
    await device('add', 'vm', 'eth1', 'nic', `network=${network}`);
    await device('set', 'vm', 'root', 'size=7GiB');
    const within = (what: string, script: string) => eventually(what, () => isTrue(script), 60_000);
    const isTrue = async (script: string) =>
      (await runGast(daemon.env, ['exec', 'vm', '-T', '-n', '--', 'sh', '-c', script])).code === 0;
    await within('the disk', `test "$(cat /sys/block/vdb/size)" = ${(8 * mebibyte) / 512}`);
    await shell('mkfs.ext4 -q /dev/vdb && mount /dev/vdb /mnt && echo kept > /mnt/kept && umount /mnt');
    await within('the card', 'test -e /sys/class/net/eth1');
    await within('the bigger disk', `test "$(cat /sys/block/vda/size)" = ${(7 * 1024 * mebibyte) / 512}`);
    await device('remove', 'vm', 'data');
    await device('remove', 'vm', 'eth1');
    await within('neither', 'test ! -e /sys/block/vdb && test ! -e /sys/class/net/eth1');
  });

  await t.test('its screen is shown', async () => {
    const picture = join(daemon.directory, 'screen.png');
    await gast('screenshot', 'vm', picture);
    const { size, isBlack } = readPng(readFileSync(picture));
    assert.match(size, /^\d{3,4}x\d{3,4}$/);
    assert.ok(!isBlack);
  });

  await t.test('a daemon that is killed in the freeze leaves file systems still for the next one to thaw', async () => {
    const files = stillFiles(daemon);
    let frozen = false;
    // The freeze takes the guest a while, and nobody tells from outside when it has done it.
    for (const laterMs of [60, 120, 20, 240]) {
      if (frozen) break;
      const taking = runGast(daemon.env, ['snapshot', 'create', 'vm', `killed${laterMs}`]);
      await files.begin();
      await setTimeout(laterMs);
      await daemon.end('SIGKILL');
      await taking;
      frozen = await files.areFrozen();
      await daemon.start();
      const writes = ['exec', 'vm', '-T', '-n', '--', 'sh', '-c', 'date > /root/date && sync'];
      await eventually('its programs write', async () => (await runGast(daemon.env, writes)).code === 0, 60_000);
    }
    assert.ok(frozen, 'no kill met the freeze');
  });

  await t.test('it halts in order when it is asked to, and goes back to a snapshot with all that it kept', async () => {
    await shell('echo before > /root/kept; sync');
    await gast('snapshot', 'create', 'vm', 'one');
    await shell('echo after > /root/kept; sync');
    await gast('stop', 'vm', '--timeout', '200');
    assert.equal(await gast('list', 'vm', '-f', 'csv', '-c', 's'), 'STOPPED');
    // The last word of a kernel whose system has unmounted everything.
    assert.match(await gast('console', 'vm', '--show-log'), /reboot: Power down/);
    const board = await gast('config', 'get', 'vm', 'volatile.vm.definition');
    assert.match(board, /^pc-q35-\d/);
    await gast('snapshot', 'restore', 'vm', 'one');
    assert.equal(await gast('config', 'get', 'vm', 'volatile.vm.definition'), board);
    await gast('start', 'vm');
    await isUp();
    assert.equal(await inside('cat', '/root/kept'), 'before');
    assert.equal(await shell(`tail -c 5 ${variable}`), 'first');
    await gast('stop', '--force', 'vm');
    await gast('delete', 'vm');
  });
});
