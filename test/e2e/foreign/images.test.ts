/** Images on one server, through the unmodified clients incus and lxc. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startDaemon } from '../../daemon.ts';
import { foreignClients, lackingClients } from './clients.ts';
import { hashOf, makeImageFiles } from './image-files.ts';

type Shown = { fingerprint: string; aliases: { name: string }[]; public: boolean; properties: Record<string, string> };

test('incus imports, shows, changes, exports, publishes and deletes images', {
  skip: lackingClients('incus'),
}, async (t) => {
  await using daemon = await startDaemon();
  using clients = foreignClients(daemon);
  const { incus, directory } = clients;
  const bb = makeImageFiles(directory, 'bb');
  const other = makeImageFiles(directory, 'other');
  const unified = hashOf(bb.unified);
  const split = hashOf(bb.metadata, bb.rootfs);
  const list = async (...filters: string[]) =>
    (JSON.parse(await incus.run(['image', 'list', ...filters, '-f', 'json'])) as Shown[]).toSorted((a, b) =>
      a.fingerprint < b.fingerprint ? -1 : 1,
    );
  const at = { cwd: directory };

  await t.test('image import of a unified tarball with alias and property (E06)', async () => {
    const said = await incus.run(['image', 'import', bb.unified, '--alias', 'bb', 'user.note=x']);
    assert.match(said, new RegExp(`Image imported with fingerprint: ${unified}`));
    const [image] = await list();
    assert.equal(image?.properties['user.note'], 'x');
    assert.equal(image?.properties.os, 'busybox');
    assert.deepEqual(
      image?.aliases.map(({ name }) => name),
      ['bb'],
    );
  });
  await t.test('the same image again is refused', async () => {
    const ended = await incus.try(['image', 'import', bb.unified]);
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /Image with same fingerprint already exists/);
  });
  await t.test('image import of two files', async () => {
    const said = await incus.run(['image', 'import', bb.metadata, bb.rootfs, '--alias', 'bbsplit', '--public']);
    assert.match(said, new RegExp(split));
    assert.equal((await list('bbsplit'))[0]?.public, true);
  });
  await t.test('image list shows both, and filters by property, fingerprint and alias', async () => {
    assert.deepEqual(
      (await list()).map(({ fingerprint }) => fingerprint),
      [unified, split].toSorted(),
    );
    assert.equal((await list('os=busybox')).length, 2);
    assert.equal((await list('os=other')).length, 0);
    assert.equal((await list('user.note=x')).length, 1);
    assert.equal((await list(unified.slice(0, 12))).length, 1);
    assert.match(await incus.run(['image', 'list']), /\| bbsplit +\| [0-9a-f]{12} +\| yes/);
  });
  await t.test('image info and show', async () => {
    const info = await incus.run(['image', 'info', 'bb']);
    assert.match(info, new RegExp(`Fingerprint: ${unified}`));
    assert.match(info, /Architecture: \S+\nType: container\nPublic: no/);
    assert.match(await incus.run(['image', 'show', 'bb']), /description: busybox bb/);
  });
  await t.test('image info of what is not there', async () => {
    const ended = await incus.try(['image', 'info', 'nosuch']);
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /Image "nosuch" not found/);
  });
  await t.test('image set-property, get-property, unset-property', async () => {
    await incus.run(['image', 'set-property', 'bb', 'user.x', 'y']);
    assert.equal((await incus.run(['image', 'get-property', 'bb', 'user.x'])).trim(), 'y');
    await incus.run(['image', 'unset-property', 'bb', 'user.x']);
    assert.match((await incus.try(['image', 'get-property', 'bb', 'user.x'])).stderr, /Property not found/);
  });
  await t.test('image edit', async () => {
    const text = await incus.run(['image', 'show', 'bb']);
    await incus.run(['image', 'edit', 'bb'], {
      stdin: text.replace('public: false', 'public: true').replace('busybox bb', 'edited image'),
    });
    const [image] = await list(unified.slice(0, 12));
    assert.deepEqual([image?.public, image?.properties.description], [true, 'edited image']);
  });
  await t.test('image alias create, list, rename, delete', async () => {
    await incus.run(['image', 'alias', 'create', 'with/slash', unified.slice(0, 12)]);
    await incus.run(['image', 'alias', 'rename', 'with/slash', 'bb3']);
    assert.match(await incus.run(['image', 'alias', 'list', '-f', 'csv']), /^bb3,/m);
    await incus.run(['image', 'alias', 'delete', 'bb3']);
    assert.doesNotMatch(await incus.run(['image', 'alias', 'list', '-f', 'csv']), /bb3/);
    const twice = await incus.try(['image', 'alias', 'create', 'bb', unified]);
    assert.match(twice.stderr, /already exists/);
  });
  await t.test('image export of one file gives the same bytes', async () => {
    await incus.run(['image', 'export', 'bb', 'exp-u'], at);
    assert.equal(hashOf(join(directory, 'exp-u.tar.gz')), unified);
  });
  await t.test('image export of two files gives the same bytes under the names of incus', async () => {
    await incus.run(['image', 'export', 'bbsplit', 'exp-s'], at);
    assert.equal(hashOf(join(directory, 'exp-s'), join(directory, 'exp-s.root')), split);
  });
  await t.test('image copy onto the same server is refused by the client', async () => {
    const ended = await incus.try(['image', 'copy', 'bb', 'local:', '--alias', 'bbcopy']);
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /source and target servers must be different/);
  });
  await t.test('launch from both forms; templates of the image are applied', async () => {
    await incus.run(['launch', 'bb', 'c1']);
    await incus.run(['launch', 'bbsplit', 'c2']);
    for (const name of ['c1', 'c2'])
      assert.equal(await incus.run(['exec', name, '--', 'cat', '/etc/made']), `${name} of templates\n`);
    assert.doesNotMatch(await incus.run(['image', 'info', 'bb']), /Last used: never/);
  });
  await t.test('publish an instance; what was published starts', async () => {
    await incus.run(['exec', 'c1', '--', 'touch', '/root/kept']);
    await incus.run(['stop', '-f', 'c1']);
    const said = await incus.run(['publish', 'c1', '--alias', 'pub1', 'description=pub']);
    assert.match(said, /Instance published with fingerprint: [0-9a-f]{64}/);
    assert.equal((await list('pub1'))[0]?.properties.description, 'pub');
    await incus.run(['launch', 'pub1', 'c3']);
    assert.equal(await incus.run(['exec', 'c3', '--', 'ls', '/root/kept']), '/root/kept\n');
    assert.equal(await incus.run(['exec', 'c3', '--', 'cat', '/etc/made']), 'c3 of templates\n');
  });
  await t.test('publish a running instance needs --force', async () => {
    const ended = await incus.try(['publish', 'c3', '--alias', 'never']);
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /stopped|running/);
  });
  await t.test('publish a snapshot, compressed in another way, with an expiry', async () => {
    await incus.run(['snapshot', 'create', 'c1', 's0']);
    await incus.run([
      'publish',
      'c1/s0',
      '--alias',
      'pub2',
      '--compression',
      'zstd',
      '--expire',
      '2035-01-01T00:00:00Z',
    ]);
    assert.match(await incus.run(['image', 'info', 'pub2']), /Expires: 2035\/01\/01/);
    await incus.run(['image', 'export', 'pub2', 'exp-z'], at);
    assert.ok(readdirSync(directory).includes('exp-z.tar.zst'), readdirSync(directory).join());
  });
  await t.test('publish --reuse moves the alias to the new image', async () => {
    const before = (await list('pub1'))[0]?.fingerprint;
    await incus.run(['publish', 'c1', '--alias', 'pub1', '--reuse']);
    const after = (await list('pub1'))[0]?.fingerprint;
    assert.ok(after && after !== before);
  });
  await t.test('image delete by alias and by fingerprint; guests of it run on', async () => {
    await incus.run(['image', 'delete', 'bbsplit']);
    await incus.run(['image', 'delete', unified.slice(0, 12)]);
    assert.equal((await incus.run(['exec', 'c2', '--', 'echo', 'on'])).trim(), 'on');
    const gone = await incus.try(['image', 'delete', 'bb']);
    assert.match(gone.stderr, /not found/);
  });
  await t.test('the unpacked tree of a deleted image goes with its last guest', async () => {
    const trees = join(daemon.directory, 'pools/default/images');
    assert.ok(readdirSync(trees).includes(split));
    await incus.run(['delete', '-f', 'c2']);
    assert.ok(!readdirSync(trees).includes(split));
  });
  await t.test('a client that is killed in the middle of an upload leaves nothing', async () => {
    const images = join(daemon.directory, 'images');
    const before = readdirSync(images).toSorted();
    const big = join(directory, 'big.tar.gz');
    writeFileSync(big, Buffer.concat([readFileSync(other.unified), Buffer.alloc(600_000_000)]));
    const child = spawn('incus', ['image', 'import', big], {
      env: {
        ...daemon.env,
        HOME: directory,
        INCUS_SOCKET: join(daemon.directory, 'unix.socket'),
        INCUS_CONF: join(directory, 'incus'),
      },
      stdio: 'ignore',
    });
    await until(() => readdirSync(images).some((name) => name.startsWith('.work-')));
    child.kill('SIGKILL');
    await until(() => readdirSync(images).toSorted().join() === before.join());
    await incus.run(['image', 'import', other.unified, '--alias', 'other']);
  });
  await t.test('a file that is no image is refused in words', async () => {
    writeFileSync(join(directory, 'junk.tar.gz'), 'this is not an image');
    const ended = await incus.try(['image', 'import', join(directory, 'junk.tar.gz')]);
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /neither a tar archive nor compressed/);
  });
});

test('lxc imports, lists, exports, publishes and deletes images', { skip: lackingClients('lxc') }, async (t) => {
  await using daemon = await startDaemon();
  using clients = foreignClients(daemon);
  const { lxc, directory } = clients;
  const bb = makeImageFiles(directory, 'bb');
  const split = hashOf(bb.metadata, bb.rootfs);

  await t.test('lxc image import, list, info', async () => {
    await lxc.run(['image', 'import', bb.metadata, bb.rootfs, '--alias', 'bbl']);
    assert.match(await lxc.run(['image', 'list', '-f', 'csv']), new RegExp(`^bbl,${split.slice(0, 12)},no,`, 'm'));
    assert.match(await lxc.run(['image', 'info', 'bbl']), new RegExp(split));
    const again = await lxc.try(['image', 'import', bb.metadata, bb.rootfs, '--alias', 'bbl']);
    assert.match(again.stderr, /Image with same fingerprint already exists/);
  });
  await t.test('lxc image export', async () => {
    await lxc.run(['image', 'export', 'bbl', 'out'], { cwd: directory });
    assert.equal(hashOf(join(directory, 'out'), join(directory, 'out.root')), split);
  });
  await t.test('lxc init, publish, image delete', async () => {
    await lxc.run(['init', 'bbl', 'lx-1']);
    assert.match(await lxc.run(['publish', 'lx-1', '--alias', 'lxpub']), /Instance published with fingerprint/);
    await lxc.run(['image', 'delete', 'lxpub']);
    assert.doesNotMatch(await lxc.run(['image', 'list', '-f', 'csv']), /lxpub/);
  });
});

async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error('it never came to be');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
