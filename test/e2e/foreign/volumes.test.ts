/** Storage pools, custom volumes and disks, driven by the unmodified incus and lxc clients. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { importImage, startDaemon } from '../../daemon.ts';
import { foreignClients, lackingClients } from './clients.ts';
import { volumeWords } from './volume-words.ts';

test('incus keeps files of guests in pools and volumes', { skip: lackingClients('incus', 'lxc') }, async (t) => {
  await using daemon = await startDaemon();
  using clients = foreignClients(daemon);
  const { incus, lxc } = clients;
  await importImage(daemon, 'busybox', 'bb');
  const { sh, fails, volume, csv, shown } = volumeWords(incus);

  await t.test('storage create, list, show, info and set', async () => {
    await incus.run(['storage', 'create', 'icpool', 'dir']);
    await incus.run(['storage', 'create', 'icpool2', 'overlay', '--description', 'second']);
    const rows = await csv('storage', 'list');
    assert.match(rows, /^icpool,dir,,0,CREATED$/m);
    assert.match(rows, /^icpool2,overlay,second,0,CREATED$/m);
    await incus.run(['storage', 'set', 'icpool', 'user.foo=bar']);
    assert.equal((await incus.run(['storage', 'get', 'icpool', 'user.foo'])).trim(), 'bar');
    await incus.run(['storage', 'unset', 'icpool', 'user.foo']);
    const show = await incus.run(['storage', 'show', 'icpool']);
    assert.match(show, /source: \/.*icpool/);
    assert.match(show, /status: Created/);
    assert.match(await incus.run(['storage', 'info', 'icpool']), /space used: \d/);
  });
  await t.test('storage edit takes YAML from stdin; a pool that is there is refused', async () => {
    const show = await incus.run(['storage', 'show', 'icpool']);
    await incus.run(['storage', 'edit', 'icpool'], { stdin: show.replace('description: ""', 'description: edited') });
    assert.match(await incus.run(['storage', 'show', 'icpool']), /description: edited/);
    await fails(['storage', 'create', 'icpool', 'dir'], /already exists/);
    await fails(['storage', 'create', 'x', 'zfs'], /zfs/);
  });

  await t.test('volume create, show, list, info', async () => {
    assert.equal(await volume('create', 'icpool', 'v1', 'size=10MiB'), 'Storage volume v1 created\n');
    assert.match(await shown('icpool', 'v1'), /^config:\n {2}size: 10MiB\n/);
    assert.equal(await csv('storage', 'volume', 'list', 'icpool', '-c', 'tncu'), 'custom,v1,filesystem,0');
    assert.match(await volume('info', 'icpool', 'v1'), /Name: v1\nType: custom\nContent type: filesystem\n/);
    await fails(['storage', 'volume', 'create', 'icpool', 'v1'], /already exists/);
    await fails(['storage', 'volume', 'show', 'icpool', 'nosuch'], /not found/);
  });
  await t.test('volume set, get, unset and edit', async () => {
    await volume('set', 'icpool', 'v1', 'user.x=1');
    assert.equal((await volume('get', 'icpool', 'v1', 'user.x')).trim(), '1');
    await volume('unset', 'icpool', 'v1', 'user.x');
    const yaml = (await shown('icpool', 'v1')).replace('description: ""', 'description: text');
    await incus.run(['storage', 'volume', 'edit', 'icpool', 'v1'], { stdin: yaml });
    assert.match(await shown('icpool', 'v1'), /description: text/);
    await fails(['storage', 'volume', 'set', 'icpool', 'v1', 'nosuch=1'], /Invalid option for volume "v1"/);
  });

  await t.test('attach to a guest that runs shows the files at once; they belong to root inside', async () => {
    await incus.run(['launch', 'bb', 'c1']);
    await volume('attach', 'icpool', 'v1', 'c1', 'v1', '/mnt/v1');
    assert.equal(await sh('c1', 'echo hello > /mnt/v1/f; stat -c %u:%g /mnt/v1/f; cat /mnt/v1/f'), '0:0\nhello');
    assert.match(await shown('icpool', 'v1'), /used_by:\n- \/1.0\/instances\/c1\n/);
    assert.equal(await csv('storage', 'volume', 'list', 'icpool', 'name=v1', '-c', 'nu'), 'v1,1');
  });
  await t.test('two guests share a volume under their own ids', async () => {
    await incus.run(['launch', 'bb', 'c2']);
    await incus.run(['config', 'device', 'add', 'c2', 'vv', 'disk', 'pool=icpool', 'source=v1', 'path=/srv/v']);
    assert.equal(await sh('c2', 'cat /srv/v/f; echo more >> /srv/v/f; stat -c %u /srv/v/f'), 'hello\n0');
    assert.equal(await sh('c1', 'cat /mnt/v1/f'), 'hello\nmore');
  });
  await t.test('read-only and a path inside the volume; a link in it leads nowhere', async () => {
    await sh('c1', 'mkdir -p /mnt/v1/sub; echo deep > /mnt/v1/sub/g; ln -s /etc /mnt/v1/out');
    const add = (name: string, source: string, ...more: string[]) => [
      'config',
      'device',
      'add',
      'c2',
      name,
      'disk',
      'pool=icpool',
      `source=${source}`,
      ...more,
    ];
    await incus.run(add('sub', 'v1/sub', 'path=/srv/sub', 'readonly=true'));
    assert.equal(await sh('c2', 'cat /srv/sub/g; echo x 2>/dev/null > /srv/sub/h || echo refused'), 'deep\nrefused');
    await fails(add('out', 'v1/out', 'path=/srv/out'), /does not exist|not there/);
    await fails(add('up', 'v1/../..', 'path=/srv/up'), /"\.\." in it/);
  });
  await t.test('a volume in use is not deleted, renamed or moved', async () => {
    await fails(['storage', 'volume', 'delete', 'icpool', 'v1'], /still in use/);
    await fails(['storage', 'volume', 'rename', 'icpool', 'v1', 'x'], /still in use by running instances/);
    await fails(['storage', 'delete', 'icpool'], /The storage pool is currently in use/);
  });
  await t.test('detach takes the files out of the guest at once', async () => {
    await incus.run(['config', 'device', 'remove', 'c2', 'sub']);
    await volume('detach', 'icpool', 'v1', 'c2');
    assert.equal(await sh('c2', 'ls /srv/v /srv/sub'), '/srv/sub:\n\n/srv/v:');
    await volume('detach', 'icpool', 'v1', 'c1');
    assert.match(await shown('icpool', 'v1'), /used_by: \[\]/);
  });
  await t.test('attach-profile and detach-profile', async () => {
    await incus.run(['profile', 'create', 'ic-p1']);
    await volume('attach-profile', 'icpool', 'v1', 'ic-p1', 'vv', '/mnt/v1');
    await incus.run(['profile', 'add', 'c2', 'ic-p1']);
    assert.equal(await sh('c2', 'cat /mnt/v1/sub/g'), 'deep');
    assert.match(await shown('icpool', 'v1'), /- \/1.0\/profiles\/ic-p1\n/);
    await volume('detach-profile', 'icpool', 'v1', 'ic-p1', 'vv');
    assert.equal(await sh('c2', 'ls /mnt/v1'), '');
    await incus.run(['profile', 'remove', 'c2', 'ic-p1']);
  });

  await t.test('snapshots: create, list, show, restore, rename, delete', async () => {
    await volume('snapshot', 'create', 'icpool', 'v1', 'vs0');
    await volume('snapshot', 'create', 'icpool', 'v1');
    assert.deepEqual((await csv('storage', 'volume', 'snapshot', 'list', 'icpool', 'v1')).match(/^\w+/gm), [
      'vs0',
      'snap0',
    ]);
    assert.match(await volume('snapshot', 'show', 'icpool', 'v1/vs0'), /name: vs0/);
    await volume('attach', 'icpool', 'v1', 'c1', 'v1', '/mnt/v1');
    await sh('c1', 'rm -r /mnt/v1/sub');
    await fails(['storage', 'volume', 'snapshot', 'restore', 'icpool', 'v1', 'vs0'], /used by running instances/);
    await volume('detach', 'icpool', 'v1', 'c1');
    await volume('snapshot', 'restore', 'icpool', 'v1', 'vs0');
    await volume('attach', 'icpool', 'v1', 'c1', 'v1', '/mnt/v1');
    assert.equal(await sh('c1', 'cat /mnt/v1/sub/g'), 'deep');
    await volume('detach', 'icpool', 'v1', 'c1');
    await volume('snapshot', 'rename', 'icpool', 'v1', 'snap0', 'late');
    await volume('snapshot', 'create', 'icpool', 'v1', 'late', '--reuse');
    await volume('snapshot', 'delete', 'icpool', 'v1', 'late');
    assert.match(await csv('storage', 'volume', 'list', 'icpool', 'name=v1/vs0'), /custom \(snapshot\),v1\/vs0/);
    assert.match(await volume('info', 'icpool', 'v1'), /vs0/);
  });
  await t.test('copy to another pool, of a snapshot, and refresh', async () => {
    await volume('copy', 'icpool/v1', 'icpool2/v1c');
    await volume('copy', 'icpool/v1/vs0', 'icpool/old');
    await volume('copy', 'icpool/v1', 'icpool2/only', '--volume-only');
    assert.match(await csv('storage', 'volume', 'snapshot', 'list', 'icpool2', 'v1c'), /^vs0/);
    assert.equal(await csv('storage', 'volume', 'snapshot', 'list', 'icpool2', 'only'), '');
    await volume('attach', 'icpool2', 'v1c', 'c2', 'cc', '/mnt/cc');
    assert.equal(await sh('c2', 'cat /mnt/cc/f /mnt/cc/sub/g; stat -c %u /mnt/cc/f'), 'hello\nmore\ndeep\n0');
    await volume('detach', 'icpool2', 'v1c', 'c2');
    await volume('snapshot', 'create', 'icpool', 'v1', 'vs1');
    await volume('copy', 'icpool/v1', 'icpool2/v1c', '--refresh');
    assert.match(await csv('storage', 'volume', 'snapshot', 'list', 'icpool2', 'v1c'), /vs1/);
  });
  await t.test('rename and move: stopped users follow', async () => {
    await incus.run(['init', 'bb', 'c3']);
    await volume('attach', 'icpool', 'v1', 'c3', 'v1', '/mnt/v1');
    await volume('rename', 'icpool', 'v1', 'v1r');
    await volume('move', 'icpool/v1r', 'icpool2/v2');
    assert.equal((await incus.run(['config', 'device', 'get', 'c3', 'v1', 'source'])).trim(), 'v2');
    assert.equal((await incus.run(['config', 'device', 'get', 'c3', 'v1', 'pool'])).trim(), 'icpool2');
    await incus.run(['start', 'c3']);
    assert.equal(await sh('c3', 'cat /mnt/v1/f'), 'hello\nmore');
    assert.doesNotMatch(await csv('storage', 'volume', 'list', 'icpool', '-c', 'n'), /v1/);
    await incus.run(['delete', '-f', 'c3']);
  });

  await t.test('export and import with snapshots, owners and links', async () => {
    const file = join(clients.directory, 'vol.tar.gz');
    await volume('attach', 'icpool2', 'v2', 'c1', 'v2', '/mnt/v2');
    await sh('c1', 'echo own > /mnt/v2/own; chown 1000:100 /mnt/v2/own; ln /mnt/v2/own /mnt/v2/hard');
    await volume('export', 'icpool2', 'v2', file);
    assert.deepEqual([...readFileSync(file).subarray(0, 2)], [0x1f, 0x8b]);
    await volume('import', 'icpool', file, 'v3');
    await fails(['storage', 'volume', 'import', 'icpool', file, 'v3'], /already exists/);
    await volume('attach', 'icpool', 'v3', 'c1', 'v3', '/mnt/v3');
    assert.equal(
      await sh('c1', 'cat /mnt/v3/own /mnt/v3/f; stat -c %u:%g:%h /mnt/v3/own'),
      'own\nhello\nmore\n1000:100:2',
    );
    assert.match(await csv('storage', 'volume', 'snapshot', 'list', 'icpool', 'v3'), /^vs0/);
    assert.match(await csv('storage', 'volume', 'list', 'icpool2', 'name=v2'), /v2/);
    await volume('detach', 'icpool2', 'v2', 'c1');
    await volume('detach', 'icpool', 'v3', 'c1');
    await volume(
      'export',
      'icpool',
      'v3',
      join(clients.directory, 'only.tar'),
      '--volume-only',
      '--compression',
      'none',
    );
    await fails(['storage', 'volume', 'import', 'icpool', join(clients.directory, 'clients'), 'x'], /./);
  });

  await t.test('lxc lists, shows and makes volumes', async () => {
    await lxc.run(['storage', 'volume', 'create', 'icpool', 'lx1']);
    assert.match(await lxc.run(['storage', 'volume', 'list', 'icpool']), /custom\s+\| lx1/);
    assert.match(await lxc.run(['storage', 'volume', 'show', 'icpool', 'lx1']), /name: lx1/);
    await lxc.run(['storage', 'volume', 'attach', 'icpool', 'lx1', 'c1', 'lx', '/mnt/lx']);
    assert.equal(await sh('c1', 'stat -c %u /mnt/lx'), '0');
    await lxc.run(['storage', 'volume', 'detach', 'icpool', 'lx1', 'c1', 'lx']);
    await lxc.run(['storage', 'volume', 'delete', 'icpool', 'lx1']);
    assert.match(await lxc.run(['storage', 'list']), /icpool2/);
  });
  await t.test('delete volumes, then the pools', async () => {
    for (const name of ['old', 'v3']) assert.match(await volume('delete', 'icpool', name), /deleted/);
    for (const name of ['v1c', 'only', 'v2']) await volume('delete', 'icpool2', name);
    await incus.run(['storage', 'delete', 'icpool']);
    await incus.run(['storage', 'delete', 'icpool2']);
    assert.equal((await csv('storage', 'list')).split('\n').length, 1);
  });
});
