/** What the daemon does inside a virtual machine: terminals, files, quiet snapshots, who it is (E14, N04, P05, P06). */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { importImage, lacking as lackingDaemon, startDaemon } from '../daemon.ts';
import { eventually } from '../integration/engine-lab.ts';
import { lacking as lackingMachines } from '../integration/qemu-lab.ts';
import { openTerminal, refusedGast, runGast, sureGast } from './gast.ts';
import { answers, bootMs, direct } from './machine-words.ts';

const bigBytes = 64 * 2 ** 20;
const userData = '#cloud-config\nhostname: "grün $(x)"\n';

test('inside a virtual machine: terminals, files, snapshots of quiet disks, identity', {
  skip: lackingDaemon() || lackingMachines(),
  timeout: 600_000,
}, async (t) => {
  await using daemon = await startDaemon();
  await importImage(daemon, 'busybox', 'bb');
  const gast = sureGast(daemon.env);
  const work = mkdtempSync(join(tmpdir(), 'gast-inside-'));
  t.after(() => rmSync(work, { recursive: true, force: true }));
  const refused = refusedGast(daemon.env);
  const inside = (name: string, text: string) => gast('exec', name, '-T', '-n', '--', 'sh', '-c', text);
  const isUp = (name: string) => answers(daemon.env, name);

  await gast(...['init', '--vm', '--empty', 'vm', '-c', 'limits.memory=128MiB', '-d', 'root,size=192MiB'], ...direct);
  await gast('config', 'set', 'vm', `cloud-init.user-data=${userData}`, 'cloud-init.network-config=version: 1');
  assert.match(
    await refused('file', 'push', '/etc/hostname', 'vm/tmp/'),
    /does not run: only itself can read its disk/,
  );
  await gast('start', 'vm');
  await isUp('vm');

  await t.test('it is who its config says, and finds what cloud-init is to do', async () => {
    const uuid = await gast('config', 'get', 'vm', 'volatile.uuid');
    assert.equal(await inside('vm', 'cat /sys/class/dmi/id/product_uuid'), uuid);
    assert.match(await inside('vm', 'tr "\\0" "\\n" </sys/firmware/dmi/tables/DMI'), /system\.hostname=vm\n/);
    await inside('vm', 'mkdir /seed && mount -t vfat -o ro /dev/vdb /seed');
    assert.equal(await inside('vm', 'dd if=/dev/vdb bs=1 skip=43 count=11 2>/dev/null'), 'cidata');
    assert.equal(await inside('vm', 'cat /seed/user-data'), userData.trim());
    const instance = await gast('config', 'get', 'vm', 'volatile.cloud-init.instance-id');
    assert.equal(await inside('vm', 'cat /seed/meta-data'), `instance-id: ${instance}\nlocal-hostname: vm`);
    assert.equal(
      await inside('vm', 'ls /seed; cat /seed/network-config'),
      'meta-data\nnetwork-config\nuser-data\nvendor-data\nversion: 1',
    );
    await inside('vm', 'umount /seed');
  });

  await t.test('a terminal: size, change of size, interrupt, exit code', async () => {
    using terminal = openTerminal(daemon.env, '$GAST exec vm -- sh');
    await terminal.shows(/# /);
    terminal.type('stty size; tty\r');
    await terminal.shows(/31 91\s+\/dev\/pts\/\d+/);
    terminal.pty.resize(120, 40);
    terminal.type('until [ "$(stty size)" = "40 120" ]; do :; done; echo "<$((1 + 1)) resized>"\r');
    await terminal.shows(/<2 resized>/);
    terminal.type(`sh -c 'echo "<$((2 + 2))>"; exec sleep 1000'\r`);
    await terminal.shows(/<4>/);
    terminal.type('\x03');
    await terminal.shows(/\^C[^<]*# /);
    terminal.type('exit 7\r');
    assert.equal(await terminal.ended, 7);
  });

  await t.test('a command as another user, in a directory, with a variable', async () => {
    const words = ['exec', 'vm', '-T', '-n', '--user', '1000', '--cwd', '/tmp', '--env', 'A=b c', '--'];
    assert.equal(await gast(...words, 'sh', '-c', 'id -u; id -g; pwd; echo "$A"'), '1000\n0\n/tmp\nb c');
  });

  await t.test('64 MiB go in and out unchanged', async () => {
    await inside('vm', 'mke2fs /dev/vda >/dev/null 2>&1 && mount -t ext4 /dev/vda /mnt');
    const content = randomBytes(bigBytes);
    writeFileSync(join(work, 'big'), content);
    await gast('file', 'push', join(work, 'big'), 'vm/mnt/big', '--mode', '0640', '--uid', '7');
    const sum = createHash('sha256').update(content).digest('hex');
    assert.equal(
      await inside('vm', 'sha256sum </mnt/big; stat -c "%a %u %s" /mnt/big'),
      `${sum}  -\n640 7 ${bigBytes}`,
    );
    await gast('file', 'pull', 'vm/mnt/big', join(work, 'back'));
    assert.ok(readFileSync(join(work, 'back')).equals(content));
    await gast('file', 'delete', 'vm/mnt/big');
    assert.match(await refused('file', 'pull', 'vm/mnt/big', join(work, 'none')), /does not exist/);
  });

  await t.test('a tree with odd names goes in and out', async () => {
    const tree = join(work, 'tree');
    mkdirSync(join(tree, '-rf dir'), { recursive: true });
    const names = [' a b ', "it's", 'grün', '*', '.hidden', '--', 'line\nfeed'];
    for (const name of names) writeFileSync(join(tree, '-rf dir', name), name);
    symlinkSync('../nowhere', join(tree, 'link'));
    await gast('file', 'push', '-r', tree, 'vm/mnt/');
    assert.equal(await inside('vm', 'cat "/mnt/tree/-rf dir/grün"; readlink /mnt/tree/link'), 'grün../nowhere');
    await gast('file', 'pull', '-r', 'vm/mnt/tree', join(work, 'out'));
    const out = readdirSync(join(work, 'out')).includes('tree') ? join(work, 'out/tree') : join(work, 'out');
    assert.deepEqual(readdirSync(join(out, '-rf dir')).sort(), [...names].sort());
    for (const name of names) assert.equal(readFileSync(join(out, '-rf dir', name), 'utf8'), name);
    assert.equal(readlinkSync(join(out, 'link')), '../nowhere');
    await gast('file', 'delete', '-r', 'vm/mnt/tree');
  });

  await t.test('a password, which is asked of the agent alone; the system is told', async () => {
    const password = (secret: string, ...words: string[]) => runGast(daemon.env, ['password', ...words], secret);
    const none = await password('secret\n', 'vm');
    assert.equal(none.code, 1);
    assert.match(none.stderr, /password of root in vm was not set: .*guest-set-user-password/);
    assert.match((await password('', 'vm')).stderr, /No password/);
    // Stands for that of a whole system: keeps what it is told.
    await inside('vm', `printf '#!/bin/sh\\ncat >/run/told\\n' >/usr/sbin/chpasswd; chmod +x /usr/sbin/chpasswd`);
    const set = await password("s'e cret:ü\nmore", 'vm', 'alice');
    assert.deepEqual([set.code, set.stderr], [0, '']);
    assert.equal(await inside('vm', 'cat /run/told'), "alice:s'e cret:ü");
    const kept = readdirSync(daemon.directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .filter((path) => statSync(path).uid === process.getuid?.() && statSync(path).size < 16 * 2 ** 20);
    assert.ok(kept.length > 0);
    assert.deepEqual(
      kept.filter((path) => readFileSync(path).includes("s'e cret")),
      [],
    );
    const state = JSON.parse(await gast('query', '/1.0/instances/vm/state'));
    assert.equal(state.os_info.hostname, 'tiny');
    assert.match(state.os_info.kernel_version, /^6\./);
  });

  await t.test('what was only in memory is on a snapshot; its copy is another machine', async () => {
    await inside('vm', 'sync; echo 0 > /proc/sys/vm/dirty_writeback_centisecs; echo dirty > /mnt/unsynced');
    await gast('snapshot', 'create', 'vm', 'quiet');
    // Thawed again: a write goes on, and the agent answers.
    await inside('vm', 'echo more > /mnt/after && sync');
    await gast('copy', 'vm/quiet', 'twin');
    await gast('start', 'twin');
    await isUp('twin');
    await inside('twin', 'mount -t ext4 -o ro /dev/vda /mnt');
    assert.equal(await inside('twin', 'cat /mnt/unsynced; ls /mnt/after 2>/dev/null || echo none'), 'dirty\nnone');
    const numbers = async (name: string) => [
      await inside(name, 'cat /sys/class/dmi/id/product_uuid /sys/class/net/eth0/address'),
      await gast('config', 'get', name, 'volatile.cloud-init.instance-id'),
    ];
    const [one, two] = [await numbers('vm'), await numbers('twin')];
    assert.equal(new Set([...one, ...two].flatMap((text) => text.split('\n'))).size, 6);
    await gast('delete', '--force', 'twin');
  });

  await t.test(
    'a daemon that is killed during a command leaves a machine that works, and nothing of the command',
    async () => {
      const cut = runGast(daemon.env, ['exec', 'vm', '-T', '--', 'sh', '-c', 'echo $$ >/run/cut; exec sleep 1000']);
      await eventually(
        'the command runs',
        async () => (await inside('vm', 'cat /run/cut 2>/dev/null || :')) !== '',
        bootMs,
      );
      await daemon.end('SIGKILL');
      await cut;
      await daemon.start();
      const ports = async () => Number(await inside('vm', 'cat /sys/class/virtio-ports/*/name | grep -c ^exec | cat'));
      await eventually('its ports have gone', async () => (await ports()) === 3, bootMs);
      await gast('delete', '--force', 'vm');
    },
  );
});
