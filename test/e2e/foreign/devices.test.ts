/** Disks and device nodes of running guests, put in, changed and taken out by the unmodified incus client (F20, F34). */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { settledCensus } from '../../leaks.ts';
import { giveToGuests } from '../../own-namespaces.ts';
import { lackingClients } from './clients.ts';
import { assertSame, openDeviceHouse } from './device-house.ts';

const skip = lackingClients('incus');
const noFuse = existsSync('/dev/fuse') ? false : 'needs /dev/fuse';
test('incus puts disks and device nodes into a running guest and takes them out', { skip }, async (t) => {
  await using made = await openDeviceHouse();
  const { daemon, incus, inside, refused } = made;
  const shared = join(daemon.directory, 'shared');
  mkdirSync(shared);
  giveToGuests(shared);
  writeFileSync(join(shared, 'file'), 'content\n');
  await incus.run(['launch', 'bb', 'c1']);
  const before = await settledCensus(daemon);

  await t.test('a disk is seen at once', async () => {
    assert.equal(
      await incus.run([
        'config',
        'device',
        'add',
        'c1',
        'd1',
        'disk',
        `source=${shared}`,
        'path=/mnt/d1',
        'shift=true',
      ]),
      'Device d1 added to c1\n',
    );
    assert.equal(await inside('cat /mnt/d1/file; touch /mnt/d1/made; stat -c %u /mnt/d1/made'), 'content\n0');
  });
  await t.test('a changed key takes effect at once', async () => {
    await incus.run(['config', 'device', 'set', 'c1', 'd1', 'readonly=true']);
    assert.equal(await incus.run(['config', 'device', 'get', 'c1', 'd1', 'readonly']), 'true\n');
    assert.match(await inside('touch /mnt/d1/other'), /Read-only/);
    await incus.run(['config', 'device', 'unset', 'c1', 'd1', 'readonly']);
    assert.equal(await inside('touch /mnt/d1/other && echo fine'), 'fine');
  });
  await t.test('list and show tell the devices', async () => {
    assert.equal(await incus.run(['config', 'device', 'list', 'c1']), 'd1\n');
    assert.match(await incus.run(['config', 'device', 'show', 'c1']), /^d1:\n {2}path: \/mnt\/d1\n {2}shift: "true"/);
  });
  await t.test('a removed disk is gone, in use or not', async () => {
    await inside('cd /mnt/d1; sleep 1000 >/dev/null 2>&1 &');
    assert.equal(await incus.run(['config', 'device', 'remove', 'c1', 'd1']), 'Device d1 removed from c1\n');
    assert.equal(await inside('ls -A /mnt/d1; grep -c /mnt/d1 /proc/mounts'), '0');
    await inside('killall sleep');
    for (const name of ['made', 'other']) rmSync(join(shared, name));
  });
  await t.test('a file system in memory has its size', async () => {
    await incus.run(['config', 'device', 'add', 'c1', 'mem', 'disk', 'source=tmpfs:', 'path=/mnt/mem', 'size=1MiB']);
    assert.match(await inside('dd if=/dev/zero of=/mnt/mem/x bs=1024 count=2000'), /No space/);
    await incus.run(['config', 'device', 'remove', 'c1', 'mem']);
  });
  await t.test('what cannot be had is refused, and nothing is left of it', async () => {
    await refused(['config', 'device', 'add', 'c1', 'd2', 'disk', 'source=/no/such', 'path=/mnt/d2'], /does not exist/);
    await refused(['config', 'device', 'add', 'c1', 'd2', 'disk', `source=${shared}`, 'path=mnt'], /absolute path/);
    await refused(['config', 'device', 'add', 'c1', 'd2', 'disk', 'path=/mnt/d2'], /source/);
    await refused(['config', 'device', 'add', 'c1', 'd2', 'toaster'], /Unsupported device type|toaster/);
    await refused(['config', 'device', 'add', 'c1', 'd2', 'gpu'], /GPU/);
    assert.equal((await incus.run(['config', 'device', 'list', 'c1'])).trim(), '');
  });
  await t.test('a link of the guest is followed inside the guest alone', async () => {
    await inside(`mkdir -p /away; ln -s /away /mnt/link; ln -s ../../../../../../..${shared} /mnt/out`);
    await incus.run(['config', 'device', 'add', 'c1', 'd3', 'disk', `source=${shared}`, 'path=/mnt/link/x']);
    assert.match(await inside('cat /away/x/file'), /content/);
    await incus.run(['config', 'device', 'remove', 'c1', 'd3']);
    await refused(
      ['config', 'device', 'add', 'c1', 'd3', 'disk', `source=${shared}`, 'path=/mnt/out/y'],
      /leads nowhere/,
    );
    assert.equal(existsSync(join(shared, 'y')), false);
  });
  await t.test('a character device opens', { skip: noFuse }, async () => {
    await incus.run(['config', 'device', 'add', 'c1', 'fuse', 'unix-char', 'source=/dev/fuse', 'mode=0666']);
    assert.equal(
      await inside('stat -c "%F %a" /dev/fuse; : <>/dev/fuse && echo open'),
      'character special file 666\nopen',
    );
    await incus.run(['config', 'device', 'set', 'c1', 'fuse', 'path=/dev/other']);
    assert.equal(
      await inside('ls /dev/fuse; : <>/dev/other && echo open').then((text) => text.split('\n').at(-1)),
      'open',
    );
    await incus.run(['config', 'device', 'remove', 'c1', 'fuse']);
    assert.match(await inside('ls /dev/other'), /No such/);
  });
  await t.test('a node has the owner that was asked for', { skip: noFuse }, async () => {
    await incus.run(['config', 'device', 'add', 'c1', 'fuse', 'unix-char', 'source=/dev/fuse']);
    await incus.run(['config', 'device', 'set', 'c1', 'fuse', 'path=/dev/other', 'gid=7']);
    assert.equal(await inside('ls /dev/fuse; stat -c %g /dev/other').then((text) => text.split('\n').at(-1)), '7');
    await incus.run(['config', 'device', 'remove', 'c1', 'fuse']);
    assert.match(await inside('ls /dev/other'), /No such/);
  });
  await t.test('a block device is there with the number that was asked for', async () => {
    await incus.run(['config', 'device', 'add', 'c1', 'blk', 'unix-block', 'path=/dev/odd', 'major=7', 'minor=200']);
    assert.equal(await inside('stat -c "%F %t:%T" /dev/odd'), 'block special file 7:c8');
    await incus.run(['config', 'device', 'remove', 'c1', 'blk']);
    await refused(
      ['config', 'device', 'add', 'c1', 'blk', 'unix-block', 'source=/dev/null'],
      /char device, not a block/,
    );
    await refused(['config', 'device', 'add', 'c1', 'blk', 'unix-block', 'path=/dev/odd', 'major=7'], /together/);
  });
  await t.test('devices of a profile come and go with it', async () => {
    await incus.run(['profile', 'create', 'p1']);
    await incus.run(['profile', 'add', 'c1', 'p1']);
    await incus.run(['profile', 'device', 'add', 'p1', 'dd', 'disk', `source=${shared}`, 'path=/mnt/dd']);
    assert.match(await inside('cat /mnt/dd/file'), /content/);
    await incus.run(['config', 'device', 'override', 'c1', 'dd', 'path=/mnt/else']);
    assert.match(await inside('cat /mnt/else/file; ls -A /mnt/dd'), /^content$/);
    await incus.run(['config', 'device', 'remove', 'c1', 'dd']);
    assert.match(await inside('cat /mnt/dd/file'), /content/);
    await incus.run(['profile', 'remove', 'c1', 'p1']);
    assert.equal(await inside('ls -A /mnt/dd'), '');
    await incus.run(['profile', 'delete', 'p1']);
  });
  await t.test('none hides a device of a profile', async () => {
    assert.match(await inside('ip link show eth0 || cat /proc/net/dev'), /eth0/);
    await incus.run(['config', 'device', 'add', 'c1', 'eth0', 'none']);
    assert.doesNotMatch(await inside('cat /proc/net/dev'), /eth0/);
    await incus.run(['config', 'device', 'remove', 'c1', 'eth0']);
    assert.match(await inside('cat /proc/net/dev'), /eth0/);
  });
  await t.test('a restarted daemon brings a guest to what the documents say', async () => {
    await incus.run(['config', 'device', 'add', 'c1', 'd1', 'disk', `source=${shared}`, 'path=/mnt/d1']);
    await inside('umount /mnt/d1');
    await daemon.end('SIGKILL');
    await daemon.start();
    await incus.run(['config', 'device', 'remove', 'c1', 'd1']);
    assert.equal(await inside('ls -A /mnt/d1'), '');
  });
  await t.test('nothing of all this is left', () => assertSame(before, daemon));
  await t.test('devices are there from the start on', async () => {
    await incus.run(['init', 'bb', 'c2', '-d', 'root,size=1GiB']).catch(() => incus.run(['init', 'bb', 'c2']));
    await incus.run(['config', 'device', 'add', 'c2', 'd1', 'disk', `source=${shared}`, 'path=/run/early']);
    await incus.run(['config', 'device', 'add', 'c2', 'n', 'unix-char', 'path=/dev/mynull', 'source=/dev/null']);
    await incus.run(['start', 'c2']);
    assert.equal(await inside('cat /run/early/file; echo x >/dev/mynull && echo fine', 'c2'), 'content\nfine');
  });
});
