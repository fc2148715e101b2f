/**
 * Firmware, TPM, board and processor of virtual machines, and disks of others that become images: on the tiny machine, which
 * starts from a disk in seconds (M01, M02, M05, M07).
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { importImage, lacking as lackingDaemon, startDaemon } from '../daemon.ts';
import { eventually } from '../integration/engine-lab.ts';
import { lacking as lackingMachines } from '../integration/qemu-lab.ts';
import { tinyDisk } from '../machines/tiny-disk.ts';
import { refusedGast, runGast, sureGast } from './gast.ts';
import { answers, bootMs } from './machine-words.ts';

const small = ['-c', 'limits.memory=160MiB'];
const template = '/usr/share/OVMF/OVMF_VARS_4M.fd';

const lackingFirmware = () =>
  [tinyDisk, template, '/usr/bin/swtpm'].flatMap((path) => (existsSync(path) ? [] : [`needs ${path}`]))[0] ?? false;

test('firmware, TPM and board of virtual machines', {
  skip: lackingDaemon() || lackingMachines() || lackingFirmware(),
  timeout: 900_000,
}, async (t) => {
  await using daemon = await startDaemon();
  const gast = sureGast(daemon.env);
  const refused = refusedGast(daemon.env);
  const inside = (name: string, ...words: string[]) => gast('exec', name, '-T', '-n', '--', ...words);
  const tries = (name: string, ...words: string[]) => runGast(daemon.env, ['exec', name, '-T', '-n', '--', ...words]);
  const isUp = (name: string) => answers(daemon.env, name);
  const at = (name: string) => join(daemon.directory, name);
  const folders = (part: string) => globSync(at(`pools/default/${part}/*`));

  await t.test('a disk of another maker becomes an image by itself, whatever its format', async () => {
    const convert = (from: string, source: string, format: string) =>
      execFileSync('qemu-img', ['convert', '-f', from, '-O', format, source, at(`disk.${format}`)]);
    convert('qcow2', tinyDisk, 'vmdk');
    // Small ones travel faster, and this one has nothing for UEFI.
    writeFileSync(at('disk.raw'), bootSector());
    for (const format of ['vdi', 'vhdx']) convert('raw', at('disk.raw'), format);
    for (const format of ['vmdk', 'vdi', 'vhdx', 'raw'])
      await gast('image', 'import', at(`disk.${format}`), '--alias', format);
    await gast('image', 'import', tinyDisk, '--alias', 'tiny');
    const rows = (await gast('image', 'list', '-f', 'csv', '-c', 'ltd')).split('\n').sort();
    assert.deepEqual(rows, [
      'raw,VIRTUAL-MACHINE,a disk (raw)',
      'tiny,VIRTUAL-MACHINE,a disk (qcow2)',
      'vdi,VIRTUAL-MACHINE,a disk (vdi)',
      'vhdx,VIRTUAL-MACHINE,a disk (vhdx)',
      'vmdk,VIRTUAL-MACHINE,a disk (vmdk)',
    ]);
    assert.equal(await gast('image', 'get-property', 'raw', 'requirements.csm'), 'true');
    for (const format of ['vdi', 'vhdx', 'raw']) await gast('image', 'delete', format);
  });

  await t.test('so do images in the forms of Incus: one archive, or metadata and disk', async () => {
    writeFileSync(
      at('metadata.yaml'),
      `architecture: ${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}\ncreation_date: 1700000000\n`,
    );
    execFileSync('cp', [tinyDisk, at('rootfs.img')]);
    execFileSync('tar', ['-C', daemon.directory, '-czf', at('whole.tar.gz'), 'metadata.yaml', 'rootfs.img']);
    execFileSync('tar', ['-C', daemon.directory, '-czf', at('meta.tar.gz'), 'metadata.yaml']);
    await gast('image', 'import', at('whole.tar.gz'), '--alias', 'whole');
    await gast('image', 'import', at('meta.tar.gz'), at('disk.vmdk'), '--alias', 'split');
    const rows = (await gast('image', 'list', '-f', 'csv', '-c', 'lt')).split('\n').sort();
    assert.deepEqual(rows, [
      'split,VIRTUAL-MACHINE',
      'tiny,VIRTUAL-MACHINE',
      'vmdk,VIRTUAL-MACHINE',
      'whole,VIRTUAL-MACHINE',
    ]);
    for (const name of ['whole', 'split', 'vmdk']) {
      await gast('init', name, `of-${name}`, '--vm');
      await gast('delete', `of-${name}`);
    }
  });

  await t.test('one that leads to other files is refused, and nothing of it stays', async () => {
    execFileSync('qemu-img', [
      'create',
      '-q',
      '-f',
      'qcow2',
      '-F',
      'raw',
      '-b',
      '/etc/passwd',
      at('hostile.qcow2'),
      '1M',
    ]);
    assert.match(await refused('image', 'import', at('hostile.qcow2')), /refused/);
    assert.equal((await gast('image', 'list', '-f', 'csv')).split('\n').length, 4);
  });

  await t.test(
    'what this host cannot make is refused before anything is touched, and near names are told',
    async () => {
      const no = (...words: string[]) => refused('init', 'tiny', 'no', '--vm', ...words);
      assert.match(await no('-c', 'machine.cpu=Nehalen'), /no CPU model "Nehalen"; it has Nehalem/);
      assert.match(await no('-c', 'machine.cpu=qemu64,+avx9'), /no CPU flag "avx9"/);
      assert.match(await no('-c', 'machine.type=pc-q35-99.0'), /no machine type "pc-q35-99\.0"; it has pc-q35-/);
      assert.match(await no('-c', 'security.csm=true', '-c', 'security.secureboot=true'), /needs UEFI/);
      assert.match(await no('-c', 'limits.memory=1MiB'), /16MiB at least/);
      assert.match(await no('-d', 'a,type=tpm', '-d', 'b,type=tpm'), /one TPM at most/);
      await importImage(daemon, 'busybox', 'bb');
      assert.match(await refused('init', 'bb', 'no', '-d', 'tpm,type=tpm'), /not given a TPM/);
      assert.equal(await gast('list', '-f', 'csv', '-c', 'n'), '');
      assert.deepEqual(folders('machines'), []);
    },
  );

  await t.test('it starts by UEFI, with a TPM and the board that is kept from then on', async () => {
    await gast('init', 'tiny', 'vm', '--vm', ...small, '-c', 'machine.cpu=Nehalem', '-d', 'tpm,type=tpm');
    await gast('start', 'vm');
    await isUp('vm');
    await inside('vm', 'test', '-d', '/sys/firmware/efi');
    assert.equal(await inside('vm', 'cat', '/sys/class/tpm/tpm0/tpm_version_major'), '2');
    assert.match(await inside('vm', 'grep', '-m1', 'model name', '/proc/cpuinfo'), /Nehalem/);
    assert.match(await gast('config', 'get', 'vm', 'volatile.vm.definition'), /^pc-q35-\d/);
    assert.match(await refused('config', 'set', 'vm', 'machine.type=pc-q35-99.0'), /no machine type/);
    assert.match(await refused('config', 'device', 'remove', 'vm', 'tpm'), /while the machine is stopped/);
  });

  await t.test('the TPM runs as nobody else, and outlives a daemon that is killed', async () => {
    const [id = ''] = folders('machines').map((path) => path.split('/').at(-1));
    const pids = () =>
      readdirSync('/proc').filter(
        (name) => /^\d+$/.test(name) && wordsOf(name).some((word) => word.startsWith(`dir=/${id}`)),
      );
    const before = pids();
    const own = before.find((pid) => wordsOf(pid)[0] === 'swtpm') ?? '';
    assert.notEqual(own, '');
    assert.notEqual(statSync(`/proc/${own}`).uid, 0);
    assert.match(readFileSync(`/proc/${own}/status`, 'utf8'), /^CapEff:\s0+$/m);
    await daemon.end('SIGKILL');
    await daemon.start();
    assert.deepEqual(pids(), before);
    const boot = () => tries('vm', 'cat', '/proc/sys/kernel/random/boot_id').then(({ stdout }) => stdout);
    const first = await boot();
    await tries('vm', 'reboot', '-f');
    await eventually('it starts anew', async () => !['', first].includes(await boot()), bootMs);
    assert.equal(await inside('vm', 'cat', '/sys/class/tpm/tpm0/tpm_version_major'), '2');
    await gast('stop', 'vm', '--timeout', '100');
    await eventually('the TPM ends with its machine', async () => pids().length === 0, bootMs);
  });

  await t.test('variables and TPM follow snapshots and copies, and go with the machine', async () => {
    // A user's daemon keeps it under an id that the user cannot read by.
    const readable = process.env.GASTHOF_TEST_AS !== 'user';
    const variables = (folder: string) => {
      const path = join(folder, 'qemu.nvram');
      return readable ? readFileSync(path) : statSync(path).size;
    };
    const [own = ''] = folders('machines');
    // What firmware has written there differs from what it began with.
    const written = variables(own);
    if (readable) assert.notDeepEqual(written, readFileSync(template));
    await gast('snapshot', 'create', 'vm', 'one');
    await gast('copy', 'vm/one', 'twin');
    assert.equal(folders('machines').length, 2);
    for (const folder of folders('machines')) assert.deepEqual(variables(folder), written);
    assert.deepEqual(variables(globSync(at('pools/default/machine-snapshots/*/*'))[0] ?? ''), written);
    assert.equal(
      await gast('config', 'get', 'twin', 'volatile.vm.definition'),
      await gast('config', 'get', 'vm', 'volatile.vm.definition'),
    );
    await gast('delete', 'vm');
    assert.deepEqual(folders('machine-snapshots'), []);
  });

  await t.test('the same disk starts from a BIOS, and its TPM has come along', async () => {
    await gast('config', 'set', 'twin', 'security.csm=true');
    await gast('start', 'twin');
    await isUp('twin');
    assert.notEqual((await tries('twin', 'test', '-d', '/sys/firmware/efi')).code, 0);
    assert.equal(await inside('twin', 'cat', '/sys/class/tpm/tpm0/tpm_version_major'), '2');
    await gast('stop', '--force', 'twin');
    await gast('delete', 'twin');
    assert.deepEqual(folders('machines'), []);
  });
});

/** A disk with a table of partitions, none of them for UEFI. */
function bootSector(): Buffer {
  const disk = Buffer.alloc(2 ** 20);
  disk[446 + 4] = 0x83;
  disk.writeUInt16LE(0xaa55, 510);
  return disk;
}

function wordsOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
  } catch {
    // It has ended meanwhile.
    return [];
  }
}
