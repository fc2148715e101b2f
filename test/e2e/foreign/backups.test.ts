/** Copies, moves, exports and imports with the unmodified clients incus and lxc. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { importImage, startDaemon } from '../../daemon.ts';
import { runGast } from '../gast.ts';
import { foreignClients, lackingClients } from './clients.ts';

test('incus copies, refreshes, moves, exports and imports', { skip: lackingClients('incus') }, async (t) => {
  await using daemon = await startDaemon();
  using clients = foreignClients(daemon);
  const { incus, directory } = clients;
  await importImage(daemon, 'busybox', 'bb');
  const at = (name: string) => join(directory, name);
  const names = async (url: string) =>
    (JSON.parse(await incus.run(['query', url])) as string[]).map((path) => path.split('/').at(-1));
  const snapshots = (name: string) => names(`/1.0/instances/${name}/snapshots`);
  const show = async (name: string) => JSON.parse(await incus.run(['query', `/1.0/instances/${name}`]));
  const read = (name: string) => incus.run(['file', 'pull', `${name}/root/f`, '-']);
  const write = async (name: string, text: string) => {
    await incus.run(['file', 'push', '-', `${name}/root/f`], { stdin: text });
  };
  await incus.run(['launch', 'bb', 'c1', '-c', 'user.k=v']);
  await write('c1', 'zero');
  await incus.run(['snapshot', 'create', 'c1', 's0']);
  await write('c1', 'one');
  await incus.run(['snapshot', 'create', 'c1', 's1']);
  await incus.run(['storage', 'create', 'second', 'dir']);

  await t.test('copy of a running guest takes its snapshots along', async () => {
    await incus.run(['copy', 'c1', 'c2']);
    assert.deepEqual(await snapshots('c2'), ['s0', 's1']);
    assert.equal(await read('c2'), 'one');
    assert.match(await incus.run(['list', 'c1', '-f', 'csv', '-c', 's']), /RUNNING/);
  });
  await t.test('a copied snapshot can be restored', async () => {
    await incus.run(['snapshot', 'restore', 'c2', 's0']);
    assert.equal(await read('c2'), 'zero');
  });
  await t.test('a copy has another MAC and its own uuid, and keeps its image', async () => {
    const [one, two] = [await show('c1'), await show('c2')];
    assert.notEqual(one.config['volatile.eth0.hwaddr'], two.config['volatile.eth0.hwaddr']);
    assert.notEqual(one.config['volatile.uuid'], two.config['volatile.uuid']);
    assert.equal(one.config['volatile.base_image'], two.config['volatile.base_image']);
    assert.equal(two.config['user.k'], 'v');
  });
  await t.test('copy --instance-only', async () => {
    await incus.run(['copy', '--instance-only', 'c1', 'c4']);
    assert.deepEqual(await snapshots('c4'), []);
  });
  await t.test('copy of a snapshot', async () => {
    await incus.run(['copy', 'c1/s0', 'c5']);
    assert.equal(await read('c5'), 'zero');
  });
  await t.test('copy with other config, profile and device, started after it', async () => {
    await incus.run(['profile', 'create', 'p1']);
    const words = [
      '-c',
      'user.k=w',
      '-c',
      'user.x=1',
      '-d',
      'none0,type=none',
      '-p',
      'default',
      '-p',
      'p1',
      '--ephemeral',
    ];
    await incus.run(['copy', 'c1', 'c6', ...words]);
    const shown = await show('c6');
    assert.deepEqual([shown.config['user.k'], shown.config['user.x'], shown.ephemeral], ['w', '1', true]);
    assert.deepEqual(shown.profiles, ['default', 'p1']);
    await incus.run(['delete', 'c6']);
  });
  await t.test('copy --stateless and --allow-inconsistent', async () => {
    await incus.run(['copy', 'c1', 'c6', '--stateless', '--instance-only']);
    await incus.run(['copy', 'c1', 'c7', '--allow-inconsistent', '--instance-only']);
    await incus.run(['delete', 'c6', 'c7']);
  });
  await t.test('copy --refresh takes over files and missing snapshots', async () => {
    await write('c1', 'two');
    await incus.run(['copy', '--refresh', 'c1', 'c4']);
    assert.equal(await read('c4'), 'two');
    assert.deepEqual(await snapshots('c4'), ['s0', 's1']);
  });
  await t.test('copy --refresh again removes snapshots that are gone', async () => {
    await incus.run(['snapshot', 'create', 'c4', 'own']);
    await incus.run(['copy', '--refresh', 'c1', 'c4']);
    assert.deepEqual(await snapshots('c4'), ['s0', 's1']);
  });
  await t.test('copy --refresh --refresh-exclude-older', async () => {
    await incus.run(['snapshot', 'delete', 'c4', 's0']);
    await incus.run(['copy', '--refresh', '--refresh-exclude-older', 'c1', 'c4']);
    assert.deepEqual(await snapshots('c4'), ['s1']);
  });
  await t.test('copy --refresh of a running target is refused', async () => {
    await incus.run(['start', 'c4']);
    const ended = await incus.try(['copy', '--refresh', 'c1', 'c4']);
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /running/);
    await incus.run(['stop', '-f', 'c4']);
  });
  await t.test('copy to another pool, which starts there', async () => {
    await incus.run(['copy', 'c1', 'c8', '-s', 'second']);
    assert.equal((await show('c8')).expanded_devices.root.pool, 'second');
    assert.deepEqual(await snapshots('c8'), ['s0', 's1']);
    await incus.run(['start', 'c8']);
    assert.equal(await incus.run(['exec', 'c8', '--', 'cat', '/root/f']), 'two');
    await incus.run(['delete', '-f', 'c8']);
  });
  await t.test('copy onto a taken name is refused', async () => {
    const ended = await incus.try(['copy', 'c1', 'c2']);
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /already exists/);
  });
  await t.test('move to another pool and back keeps snapshots and addresses', async () => {
    const before = await show('c2');
    for (const pool of ['second', 'default']) {
      await incus.run(['move', 'c2', '-s', pool]);
      const after = await show('c2');
      assert.equal(after.expanded_devices.root.pool, pool);
      assert.equal(after.config['volatile.eth0.hwaddr'], before.config['volatile.eth0.hwaddr']);
      assert.deepEqual(await snapshots('c2'), ['s0', 's1']);
      assert.equal(await read('c2'), 'zero');
    }
  });
  await t.test('move to another name is a rename', async () => {
    await incus.run(['move', 'c2', 'c2b']);
    await incus.run(['move', 'c2b', 'c2']);
  });
  await t.test('move of a running guest to another pool is refused', async () => {
    const ended = await incus.try(['move', 'c1', '-s', 'second', '--stateless']);
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /must be stopped|running/);
  });

  await t.test('export of a running guest has the layout of Incus', async () => {
    const ended = await incus.run(['export', 'c1', at('exp.tar.gz')]);
    assert.match(ended, /Backup exported successfully!/);
    const listed = execFileSync('tar', ['tzf', at('exp.tar.gz')], { encoding: 'utf8' }).split('\n');
    assert.equal(listed[0], 'backup/index.yaml');
    for (const state of ['snapshots/s0', 'snapshots/s1', 'container'])
      for (const file of ['backup.yaml', 'metadata.yaml', 'rootfs/bin/busybox', 'rootfs/root/f'])
        assert.ok(listed.includes(`backup/${state}/${file}`), `${state}/${file}`);
    assert.deepEqual(await names('/1.0/instances/c1/backups'), []);
  });
  await t.test('import under another name', async () => {
    await incus.run(['import', at('exp.tar.gz'), 'imp']);
    assert.deepEqual(await snapshots('imp'), ['s0', 's1']);
    assert.equal(await read('imp'), 'two');
    const [one, two] = [await show('c1'), await show('imp')];
    assert.equal(one.config['volatile.eth0.hwaddr'], two.config['volatile.eth0.hwaddr']);
  });
  await t.test('the imported guest does not start beside the one with its MAC', async () => {
    const ended = await incus.try(['start', 'imp']);
    assert.match(ended.stderr, /MAC address ".*" already defined on another NIC/);
  });
  await t.test('import onto a taken name says what Incus says', async () => {
    const ended = await incus.try(['import', at('exp.tar.gz')]);
    assert.deepEqual(
      [ended.code, ended.stderr.trim()],
      [1, 'Error: Create instance from backup: Cannot restore volume, already exists on target'],
    );
  });
  await t.test('export --instance-only --compression none, import to another pool', async () => {
    await incus.run(['export', 'c2', at('only.tar'), '--instance-only', '--compression', 'none']);
    assert.equal(readFileSync(at('only.tar')).toString('latin1', 0, 17), 'backup/index.yaml');
    await incus.run(['import', at('only.tar'), 'only', '-s', 'second']);
    assert.deepEqual(await snapshots('only'), []);
    assert.equal((await show('only')).expanded_devices.root.pool, 'second');
  });
  for (const compression of ['zstd', 'xz', 'bzip2'])
    await t.test(`export and import with ${compression}`, async () => {
      await incus.run(['export', 'c2', at(compression), '--instance-only', '--compression', compression]);
      await incus.run(['import', at(compression), compression]);
      assert.equal(await read(compression), 'zero');
      await incus.run(['delete', compression]);
    });
  await t.test('export --optimized-storage is an ordinary export', async () => {
    await incus.run(['export', 'c2', at('opt.tar.gz'), '--optimized-storage', '--instance-only']);
    assert.match(execFileSync('tar', ['tzf', at('opt.tar.gz')], { encoding: 'utf8' }), /container\/rootfs/);
  });
  await t.test('a deleted guest comes back from its export and runs', async () => {
    await incus.run(['delete', '-f', 'c1', 'imp']);
    await incus.run(['import', at('exp.tar.gz')]);
    await incus.run(['start', 'c1']);
    assert.equal(await incus.run(['exec', 'c1', '--', 'cat', '/root/f']), 'two');
    await incus.run(['snapshot', 'restore', 'c1', 's0']);
    assert.equal(await read('c1'), 'zero');
  });
  await t.test('what is no backup is refused and leaves nothing', async () => {
    writeFileSync(at('bad.tar.gz'), 'no archive');
    const ended = await incus.try(['import', at('bad.tar.gz'), 'bad']);
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /Invalid backup/);
    assert.deepEqual(readdirSync(join(daemon.directory, 'backups')), []);
  });
  await t.test('an unknown compression is refused', async () => {
    const ended = await incus.try(['export', 'c2', at('x.tar'), '--compression', 'rar']);
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /compression/);
    assert.ok(!existsSync(at('x.tar')));
  });
  await t.test('a kept backup shows in info and list, is renamed and expires', async () => {
    const soon = new Date(Date.now() + 60_000).toISOString();
    const body = JSON.stringify({ name: 'kept', expires_at: soon });
    await incus.run(['query', '-X', 'POST', '--wait', '-d', body, '/1.0/instances/c1/backups']);
    assert.match(await incus.run(['info', 'c1']), /Backups:[\s\S]*kept/);
    await incus.run(['query', '-X', 'POST', '--wait', '-d', '{"name":"other"}', '/1.0/instances/c1/backups/kept']);
    assert.deepEqual(await names('/1.0/instances/c1/backups'), ['other']);
    const [listed] = JSON.parse(await incus.run(['list', 'c1', '-f', 'json']));
    assert.equal(listed.backups[0].name, 'other');
    await incus.run(['query', '-X', 'DELETE', '--wait', '/1.0/instances/c1/backups/other']);
    assert.deepEqual(readdirSync(join(daemon.directory, 'backups')), []);
  });
});

test('lxc 5.0 copies, exports and imports', { skip: lackingClients('lxc') }, async (t) => {
  await using daemon = await startDaemon();
  using clients = foreignClients(daemon);
  const { lxc, directory } = clients;
  await importImage(daemon, 'busybox', 'bb');
  await lxc.run(['init', 'bb', 'l1']);
  await lxc.run(['snapshot', 'l1', 's0']);

  await t.test('lxc copy', async () => {
    await lxc.run(['copy', 'l1', 'l2']);
    assert.match(await lxc.run(['info', 'l2']), /s0/);
  });
  await t.test('lxc copy --instance-only', async () => {
    await lxc.run(['copy', '--instance-only', 'l1', 'l3']);
    assert.doesNotMatch(await lxc.run(['info', 'l3']), /s0/);
  });
  await t.test('lxc export, which fails on Incus, works', async () => {
    await lxc.run(['export', 'l1', join(directory, 'lx.tar.gz')]);
    assert.match(
      execFileSync('tar', ['tzf', join(directory, 'lx.tar.gz')], { encoding: 'utf8' }),
      /^backup\/index.yaml/,
    );
    assert.deepEqual(readdirSync(join(daemon.directory, 'backups')), []);
  });
  await t.test('lxc import', async () => {
    await lxc.run(['import', join(directory, 'lx.tar.gz'), 'l4']);
    assert.match(await lxc.run(['info', 'l4']), /s0/);
  });
});

test('gast does the same as incus', { skip: lackingClients('incus') }, async (t) => {
  await using daemon = await startDaemon();
  using clients = foreignClients(daemon);
  const { incus, directory } = clients;
  await importImage(daemon, 'busybox', 'bb');
  const gast = async (words: string[], stdin: string | Buffer = '') => {
    const ended = await runGast(daemon.env, words, stdin);
    assert.equal(ended.code, 0, `gast ${words.join(' ')}: ${ended.stderr}`);
    return ended.stdout.trim();
  };
  const list = () => incus.run(['list', '-f', 'csv', '-c', 'nS']);
  await gast(['init', 'bb', 'g1']);
  await gast(['snapshot', 'create', 'g1', 's0']);
  await incus.run(['storage', 'create', 'second', 'dir']);

  await t.test('gast copy and copy --refresh', async () => {
    await gast(['copy', 'g1', 'g2', '--instance-only']);
    await gast(['config', 'set', 'g1', 'user.k=v']);
    await gast(['copy', 'g1', 'g2', '--refresh']);
    assert.equal((await list()).trim(), 'g1,1\ng2,1');
    assert.equal((await incus.run(['config', 'get', 'g2', 'user.k'])).trim(), 'v');
  });
  await t.test('gast move to another pool and name', async () => {
    await gast(['move', 'g2', 'g3', '-s', 'second', '-c', 'user.k=w']);
    assert.equal((await incus.run(['config', 'get', 'g3', 'user.k'])).trim(), 'w');
    assert.match(await incus.run(['config', 'show', 'g3', '--expanded']), /pool: second/);
  });
  await t.test('what gast exports incus imports, and the other way round', async () => {
    assert.equal(await gast(['export', 'g1', join(directory, 'g.tar')]), join(directory, 'g.tar'));
    await incus.run(['import', join(directory, 'g.tar'), 'g4']);
    await incus.run(['export', 'g4', join(directory, 'i.tar')]);
    assert.equal(await gast(['import', join(directory, 'i.tar'), 'g5', '-s', 'second', '-c', 'user.x=y']), 'g5');
    assert.equal((await list()).trim(), 'g1,1\ng3,1\ng4,1\ng5,1');
    assert.equal((await incus.run(['config', 'get', 'g5', 'user.x'])).trim(), 'y');
  });
  await t.test('gast import reads a pipe', async () => {
    assert.equal(await gast(['import', '-', 'g6'], readFileSync(join(directory, 'g.tar'))), 'g6');
  });
  await t.test('gast move --target-project, where there is one', async () => {
    await incus.run(['project', 'create', 'p', '-c', 'features.images=false', '-c', 'features.profiles=false']);
    await incus.run(['move', 'g6', '--target-project', 'p']);
    assert.match(await incus.run(['list', '--project', 'p', '-f', 'csv', '-c', 'nS']), /g6,1/);
    await incus.run(['copy', 'g1', 'g7', '--target-project', 'p']);
    await gast(['copy', 'g1', 'g8', '--target-project', 'p']);
    assert.match(await incus.run(['list', '--project', 'p', '-f', 'csv', '-c', 'nS']), /g7,1\ng8,1/);
    for (const name of ['g6', 'g7', 'g8']) await incus.run(['delete', name, '--project', 'p']);
    await incus.run(['project', 'delete', 'p']);
  });
});
