/** Kinds of disks and volumes, volumes of projects, and gast beside incus. */
import assert from 'node:assert/strict';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { importImage, startDaemon } from '../../daemon.ts';
import { asUser, firstSubordinateId, giveToGuests } from '../../own-namespaces.ts';
import { runGast } from '../gast.ts';
import { foreignClients, lackingClients } from './clients.ts';
import { volumeWords } from './volume-words.ts';

test('incus gives guests disks of many kinds', { skip: lackingClients('incus') }, async (t) => {
  await using daemon = await startDaemon();
  using clients = foreignClients(daemon);
  const { incus } = clients;
  const { sh, fails, volume, csv } = volumeWords(incus);
  await importImage(daemon, 'busybox', 'bb');
  await incus.run(['storage', 'create', 'icpool', 'dir']);
  await incus.run(['storage', 'create', 'icpool2', 'overlay']);
  await incus.run(['launch', 'bb', 'c1']);

  await t.test('disks and ISO images are volumes that containers cannot have', async () => {
    await volume('create', 'icpool', 'd1', '--type', 'block', 'size=16MiB');
    const iso = join(clients.directory, 'cd.iso');
    writeFileSync(iso, Buffer.alloc(40_000, 'iso'));
    await volume('import', 'icpool', iso, 'cd', '--type=iso');
    const rows = await csv('storage', 'volume', 'list', 'icpool', '-c', 'nc');
    assert.match(rows, /^cd,iso$/m);
    assert.match(rows, /^d1,block$/m);
    await volume('set', 'icpool', 'd1', 'size=32MiB');
    await fails(['storage', 'volume', 'set', 'icpool', 'd1', 'size=1MiB'], /cannot be shrunk/);
    await fails(['storage', 'volume', 'attach', 'icpool', 'd1', 'c1', '/mnt/d'], /only virtual machines/);
    await volume('delete', 'icpool', 'd1');
    await volume('delete', 'icpool', 'cd');
  });
  await t.test('security.unmapped shows the ids on disk', async () => {
    await volume('create', 'icpool', 'raw', 'security.unmapped=true');
    await volume('attach', 'icpool', 'raw', 'c1', 'raw', '/mnt/raw');
    assert.equal(await sh('c1', 'stat -c %u /mnt/raw'), '65534');
    await fails(['storage', 'volume', 'set', 'icpool', 'raw', 'security.unmapped=false'], /running instances/);
    await volume('detach', 'icpool', 'raw', 'c1');
  });
  await t.test('initial owner and mode of a volume', async () => {
    await volume('create', 'icpool', 'owned', 'initial.uid=1000', 'initial.gid=100', 'initial.mode=0770');
    await volume('attach', 'icpool', 'owned', 'c1', 'o', '/mnt/o');
    assert.equal(await sh('c1', 'stat -c %u:%g:%a /mnt/o'), '1000:100:770');
    await volume('detach', 'icpool', 'owned', 'c1');
  });
  await t.test('memory, host directories with shift, and what is mounted below them', async () => {
    const shared = join(clients.directory, 'shared');
    mkdirSync(shared);
    giveToGuests(shared);
    writeFileSync(join(shared, 'file'), 'host\n');
    const add = (name: string, ...keys: string[]) =>
      incus.run(['config', 'device', 'add', 'c1', name, 'disk', ...keys]);
    await add('mem', 'source=tmpfs:', 'path=/mnt/mem', 'size=1MiB');
    assert.match(await sh('c1', 'df /mnt/mem | tail -1'), /tmpfs\s+1024/);
    await add('dir', `source=${shared}`, 'path=/mnt/dir', 'shift=true', 'recursive=true');
    assert.equal(await sh('c1', 'cat /mnt/dir/file; touch /mnt/dir/new; stat -c %u /mnt/dir/new'), 'host\n0');
    assert.equal(statSync(join(shared, 'new')).uid, asUser ? firstSubordinateId() : 0);
    await add('opt', 'source=/nowhere/at/all', 'path=/mnt/opt', 'required=false');
    await fails(['config', 'device', 'add', 'c1', 'bad', 'disk', 'source=relative', 'path=/x'], /not an absolute path/);
    await fails(
      ['config', 'device', 'add', 'c1', 'bad', 'disk', 'source=/tmp', 'path=/x', 'propagation=shared'],
      /propagation/,
    );
    await incus.run(['restart', '-f', 'c1']);
    assert.equal(await sh('c1', 'cat /mnt/dir/file'), 'host');
  });
  await t.test('volumes of guests and images are listed; they are not deleted as volumes', async () => {
    assert.match(await csv('storage', 'volume', 'list', 'default', '-c', 'tn'), /^container,c1$/m);
    assert.match(await volume('show', 'default', 'container/c1'), /type: container/);
    assert.match(await volume('info', 'default', 'container/c1'), /Usage: /);
    await fails(['storage', 'volume', 'delete', 'default', 'container/c1'], /./);
  });
  await t.test('gast does the same and shows the same facts', async () => {
    const gast = async (...words: string[]) => {
      const ended = await runGast(daemon.env, words);
      assert.equal(ended.code, 0, `gast ${words.join(' ')}: ${ended.stderr}`);
      return ended.stdout;
    };
    const file = join(clients.directory, 'gast.tar.gz');
    await gast('storage', 'set', 'icpool', 'user.y=2');
    assert.equal(await gast('storage', 'get', 'icpool', 'user.y'), '2\n');
    await gast('storage', 'volume', 'create', 'icpool', 'g1', 'size=1MiB');
    await gast('storage', 'volume', 'attach', 'icpool', 'g1', 'c1', '/mnt/g1');
    await sh('c1', 'echo gast > /mnt/g1/f');
    assert.equal(await gast('storage', 'volume', 'snapshot', 'create', 'icpool', 'g1', 's0'), 's0\n');
    await gast('storage', 'volume', 'detach', 'icpool', 'g1', 'c1');
    await gast('storage', 'volume', 'snapshot', 'restore', 'icpool', 'g1', 's0');
    await gast('storage', 'volume', 'copy', 'icpool/g1', 'icpool2/g2');
    await gast('storage', 'volume', 'rename', 'icpool2', 'g2', 'g3');
    await gast('storage', 'volume', 'move', 'icpool2/g3', 'icpool/g4');
    await gast('storage', 'volume', 'export', 'icpool', 'g4', file);
    await gast('storage', 'volume', 'import', 'icpool', file, 'g5');
    await gast('storage', 'volume', 'set', 'icpool', 'g5', 'user.z=1');
    assert.equal(await gast('storage', 'volume', 'get', 'icpool', 'g5', 'user.z'), '1\n');
    assert.match(await gast('storage', 'volume', 'info', 'icpool', 'g5'), /Content type: filesystem\n(.*\n)*.*s0 /);
    assert.match(await gast('storage', 'volume', 'snapshot', 'list', 'icpool', 'g5', '-f', 'csv'), /^s0,/);
    // Each client has an order of its own, and one leaves zeros out of times.
    const facts = (text: string) =>
      (JSON.parse(text) as { name: string; created_at: string }[])
        .map((one) => ({ ...one, created_at: new Date(one.created_at).getTime() }))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    assert.deepEqual(
      facts(await gast('storage', 'volume', 'list', 'icpool', '-f', 'json')),
      facts(await incus.run(['storage', 'volume', 'list', 'icpool', '-f', 'json'])),
    );
    await gast('storage', 'volume', 'delete', 'icpool', 'g1', 'g4', 'g5');
  });
  await t.test('projects have volumes of their own; one is moved between them', async () => {
    await incus.run(['project', 'create', 'p1', '-c', 'features.profiles=false', '-c', 'features.images=false']);
    await volume('create', 'icpool', 'same');
    await volume('create', 'icpool', 'same', 'user.in=p1', '--project', 'p1');
    assert.equal(await csv('storage', 'volume', 'list', 'icpool', '-c', 'n', '--project', 'p1'), 'same');
    const all = await csv('storage', 'volume', 'list', 'icpool', 'name=same', '-c', 'en', '--all-projects');
    assert.deepEqual(all.split('\n').sort(), ['default,same', 'p1,same']);
    await incus.run(['init', 'bb', 'pc', '--project', 'p1']);
    await volume('attach', 'icpool', 'same', 'pc', 'v', '/mnt/v', '--project', 'p1');
    assert.match(await volume('show', 'icpool', 'same', '--project', 'p1'), /- \/1.0\/instances\/pc\?project=p1\n/);
    assert.match(await volume('show', 'icpool', 'same'), /used_by: \[\]/);
    await fails(['project', 'delete', 'p1'], /./);
    await incus.run(['delete', 'pc', '--project', 'p1']);
    await volume('copy', 'icpool/same', 'icpool/copied', '--target-project', 'p1');
    await volume('move', 'icpool/same', 'icpool2/moved', '--target-project', 'p1');
    assert.match(await volume('show', 'icpool2', 'moved', '--project', 'p1'), /project: p1/);
    await volume('delete', 'icpool', 'same', '--project', 'p1');
    await volume('delete', 'icpool', 'copied', '--project', 'p1');
    await volume('delete', 'icpool2', 'moved', '--project', 'p1');
    await incus.run(['project', 'delete', 'p1']);
  });
});
