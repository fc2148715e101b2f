/** Devices of virtual machines, at their start and while they run: disks, CDs, volumes, cards, memory, directories (E14, N04, P05). */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isOpenInQemu } from '../../src/host/disk-locks.ts';
import { lacking as lackingDaemon, startDaemon } from '../daemon.ts';
import { eventually } from '../integration/engine-lab.ts';
import { lacking as lackingMachines } from '../integration/qemu-lab.ts';
import { bootableIso } from '../machines/bootable-iso.ts';
import { refusedGast, runGast, sureGast } from './gast.ts';
import { answers, bootMs, direct } from './machine-words.ts';

const small = ['-c', 'limits.memory=160MiB', '-d', 'root,size=64MiB'];
/** Until the command line has asked. */
const startMs = 250;
const mebibyte = 2 ** 20;
const sectors = (mebibytes: number) => String((mebibytes * mebibyte) / 512);

test('devices of virtual machines', { skip: lackingDaemon() || lackingMachines(), timeout: 600_000 }, async (t) => {
  await using daemon = await startDaemon();
  const gast = sureGast(daemon.env);
  const refused = refusedGast(daemon.env);
  const inside = (script: string) => gast('exec', 'vm', '-T', '-n', '--', 'sh', '-c', script);
  const isUp = () => answers(daemon.env, 'vm');
  /** Sizes of all disks in sectors, by what they are called in the guest. */
  const disks = async () => await inside('cd /sys/block; for d in *; do echo "$d $(cat $d/size) $(cat $d/ro)"; done');
  const shows = (pattern: RegExp) =>
    eventually(`a disk like ${pattern}`, async () => pattern.test(await disks()), 20_000);
  const file = (name: string, mebibytes: number) => {
    const path = join(daemon.directory, name);
    writeFileSync(path, '');
    truncateSync(path, mebibytes * mebibyte);
    return path;
  };
  const [one, two] = [file('one.img', 8), file('two.img', 12)];
  const shared = join(daemon.directory, 'shared');
  mkdirSync(shared);
  chmodSync(shared, 0o777);
  writeFileSync(join(shared, 'from-host'), 'host\n', { mode: 0o644 });
  const iso = join(daemon.directory, 'boot.iso');
  writeFileSync(iso, bootableIso('started from the CD'));

  await t.test('it starts from a CD that has priority, without anything on its disk', async () => {
    await gast('init', '--vm', '--empty', 'try', ...small, '-c', 'security.csm=true');
    await gast('config', 'device', 'add', 'try', 'cd', 'disk', `source=${iso}`, 'boot.priority=10');
    await gast('start', 'try');
    await eventually(
      'the CD speaks',
      async () => /started from the CD/.test(await gast('console', 'try', '--show-log')),
      bootMs,
    );
    await gast('delete', '--force', 'try');
  });

  await t.test('disks, a CD and directories are there from the start', async () => {
    await gast('init', '--vm', '--empty', 'vm', ...small, ...direct);
    await gast('config', 'device', 'add', 'vm', 'data', 'disk', `source=${one}`);
    await gast('config', 'device', 'add', 'vm', 'cd', 'disk', `source=${iso}`);
    await gast(
      'config',
      'device',
      'add',
      'vm',
      'fixed',
      'disk',
      `source=${two}`,
      'readonly=true',
      'io.bus=virtio-scsi',
    );
    await gast('config', 'device', 'add', 'vm', 'both', 'disk', `source=${shared}`, 'path=/srv/both');
    await gast('config', 'device', 'add', 'vm', 'look', 'disk', `source=${shared}`, 'path=/srv/look', 'readonly=true');
    await gast('start', 'vm');
    await isUp();
    const seen = await disks();
    assert.match(seen, new RegExp(`vda ${sectors(64)} 0`));
    assert.match(seen, new RegExp(`vdb ${sectors(8)} 0`));
    assert.match(seen, new RegExp(`sda ${sectors(12)} 1`));
    assert.match(seen, /sr0 \d+/);
    assert.equal(await inside('cat /sys/block/vdb/serial'), 'data');
    await inside('printf written | dd of=/dev/vdb conv=fsync,notrunc 2>/dev/null');
    assert.equal(readFileSync(one).subarray(0, 7).toString(), 'written');
    await inside('! dd if=/dev/zero of=/dev/sda count=1 2>/dev/null');
  });

  await t.test('a directory of the host is mounted by the agent, and passes files both ways', async () => {
    await eventually('the mount', async () => /both/.test(await inside('cat /proc/mounts')), bootMs);
    assert.equal(await inside('cat /srv/both/from-host'), 'host');
    await inside('echo guest > /srv/both/from-guest; chmod 644 /srv/both/from-guest');
    assert.match(await inside('ls -ln /srv/both/from-guest'), / 0 +0 /);
    assert.equal(await inside('cat /srv/look/from-guest'), 'guest');
    assert.match(await inside('mount -o remount,rw /srv/look; echo x > /srv/look/y || true'), /^$/);
    await inside('! test -e /srv/both/y');
  });

  await t.test('disks come and go while it runs', async () => {
    const extra = file('extra.img', 20);
    await gast('config', 'device', 'add', 'vm', 'extra', 'disk', `source=${extra}`);
    await shows(new RegExp(`vd. ${sectors(20)} 0`));
    assert.ok(isOpenInQemu(extra));
    await gast('config', 'device', 'remove', 'vm', 'extra');
    assert.doesNotMatch(await disks(), new RegExp(` ${sectors(20)} `));
    await gast('config', 'device', 'remove', 'vm', 'data');
    assert.doesNotMatch(await disks(), new RegExp(` ${sectors(8)} `));
    // Whoever has a disk in QEMU keeps others from it, and its room.
    assert.deepEqual([isOpenInQemu(extra), isOpenInQemu(one)], [false, false]);
    await gast('config', 'device', 'remove', 'vm', 'cd');
    assert.doesNotMatch(await disks(), /sr0/);
  });

  await t.test('a block volume is the disk of one machine, and grows with it', async () => {
    await gast('storage', 'volume', 'create', 'default', 'block', '--type=block', 'size=24MiB');
    await gast('storage', 'volume', 'attach', 'default', 'block', 'vm', 'block');
    await shows(new RegExp(`vd. ${sectors(24)} 0`));
    await gast('init', '--vm', '--empty', 'other', ...small);
    await gast('storage', 'volume', 'attach', 'default', 'block', 'other', 'block');
    assert.match(await refused('start', 'other'), /block is the disk of vm now/);
    await gast('delete', 'other');
    await gast('storage', 'volume', 'set', 'default', 'block', 'size=32MiB');
    await shows(new RegExp(`vd. ${sectors(32)} 0`));
    assert.match(await refused('storage', 'volume', 'set', 'default', 'block', 'size=8MiB'), /cannot be shrunk/);
    await gast('storage', 'volume', 'import', 'default', iso, 'boot', '--type=iso');
    await gast('config', 'device', 'add', 'vm', 'disc', 'disk', 'pool=default', 'source=boot');
    await shows(/sr0 \d+/);
    await gast('config', 'device', 'remove', 'vm', 'disc');
  });

  await t.test('the root disk grows at once, and does not shrink', async () => {
    await gast('config', 'device', 'set', 'vm', 'root', 'size=80MiB');
    await shows(new RegExp(`vda ${sectors(80)} 0`));
    assert.match(await refused('config', 'device', 'set', 'vm', 'root', 'size=16MiB'), /cannot be made smaller/);
  });

  await t.test('a card comes with its address, and goes', async () => {
    const network = (await gast('network', 'list', '-f', 'csv')).split(',')[0] ?? '';
    await gast('config', 'device', 'add', 'vm', 'eth1', 'nic', `network=${network}`);
    await eventually('the card', async () => /eth1/.test(await inside('ls /sys/class/net')), 20_000);
    await inside('ip link set eth1 up; udhcpc -n -q -t 20 -i eth1 -s /etc/udhcpc >/dev/null 2>&1');
    const [, given = 'none'] = /inet ([\d.]+)/.exec(await inside('ip -4 addr show dev eth1')) ?? [];
    assert.match(await gast('network', 'list-leases', network), new RegExp(`vm .*${given.replaceAll('.', '\\.')}`));
    await gast('config', 'device', 'remove', 'vm', 'eth1');
    assert.doesNotMatch(await inside('ls /sys/class/net'), /eth1/);
  });

  await t.test('memory is given back while it runs; what cannot change is refused with the reason', async () => {
    const total = async () => Number(/MemTotal: +(\d+)/.exec(await inside('cat /proc/meminfo'))?.[1]);
    const before = await total();
    await gast('config', 'set', 'vm', 'limits.memory=144MiB');
    assert.ok((await total()) <= before - 15 * 1024);
    await gast('config', 'set', 'vm', 'limits.memory=160MiB');
    assert.ok((await total()) >= before - 1024);
    assert.match(await refused('config', 'set', 'vm', 'limits.memory=1GiB'), /cannot have more while it runs/);
    assert.match(await refused('config', 'set', 'vm', 'limits.cpu=2'), /CPUs that it was started with/);
    const dir = ['config', 'device', 'add', 'vm', 'late', 'disk', `source=${shared}`, 'path=/late'];
    assert.match(await refused(...dir), /with the start of the machine only/);
    assert.match(await refused('config', 'device', 'add', 'vm', 'm', 'disk', 'source=tmpfs:', 'path=/m'), /memory/);
    const proxy = ['config', 'device', 'add', 'vm', 'p', 'proxy', 'listen=tcp:127.0.0.1:99', 'connect=tcp:127.0.0.1:9'];
    assert.match(await refused(...proxy), /Only NAT mode|only root has/);
  });

  await t.test('a daemon that was killed finds every device', async () => {
    await daemon.end('SIGKILL');
    await daemon.start();
    const seen = await disks();
    for (const size of [80, 12, 32]) assert.match(seen, new RegExp(` ${sectors(size)} `));
    await gast('config', 'device', 'remove', 'vm', 'block');
    assert.doesNotMatch(await disks(), new RegExp(` ${sectors(32)} `));
  });

  await t.test('killed in the middle of a change, the next one brings the machine to what is written', async () => {
    const path = file('killed.img', 28);
    const [add, remove] = [
      ['config', 'device', 'add', 'vm', 'killed', 'disk', `source=${path}`],
      ['config', 'device', 'remove', 'vm', 'killed'],
    ];
    for (const afterMs of [60, 140]) {
      const isWritten = async () => (await gast('config', 'device', 'list', 'vm')).split('\n').includes('killed');
      const change = runGast(daemon.env, (await isWritten()) ? remove : add);
      // Not a wait for something: wherever the change is by then, it is cut off.
      await sleep(afterMs + startMs);
      await daemon.end('SIGKILL');
      await change;
      await daemon.start();
      assert.equal(/57344/.test(await disks()), await isWritten(), `${afterMs} ms`);
    }
    await gast('stop', '--force', 'vm');
    await gast('delete', 'vm');
    for (const volume of ['block', 'boot']) await gast('storage', 'volume', 'delete', 'default', volume);
  });
});
