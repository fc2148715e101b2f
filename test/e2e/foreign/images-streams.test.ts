/** Images of a simplestreams server and of a plain address, through the unmodified clients. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Image } from '../../../src/api/resources/images.ts';
import { startDaemon } from '../../daemon.ts';
import { runGast } from '../gast.ts';
import { foreignClients, lackingClients } from './clients.ts';
import { hashOf, makeImageFiles } from './image-files.ts';
import { startStreamServer } from './stream-server.ts';

test('incus uses a simplestreams server', { skip: lackingClients('incus', 'lxc') }, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'gast-streams-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const [old, young, third] = ['old', 'young', 'third'].map((name) => makeImageFiles(directory, name));
  assert.ok(old && young && third);
  await using server = await startStreamServer(directory);
  server.products['busybox:1:amd64:default'] = {
    aliases: 'busybox/1/default,busybox/1',
    versions: { '20240101_0000': old },
  };
  server.products['busybox:2:amd64:default'] = {
    aliases: 'busybox/2',
    versions: { '20240102': third },
    kinds: ['incus_combined.tar.gz'],
  };
  await using daemon = await startDaemon({ env: { NODE_EXTRA_CA_CERTS: server.authority } });
  using clients = foreignClients(daemon);
  const env = { SSL_CERT_FILE: server.authority };
  const incus = (...words: string[]) => clients.incus.run(words, { env });
  const oldPrint = hashOf(old.metadata, old.rootfs);
  const youngPrint = hashOf(young.metadata, young.rootfs);
  const image = async (fingerprint: string) =>
    (await daemon.client.call('GET /1.0/images/{fingerprint}', { params: { fingerprint } })) as Image;

  await t.test('remote add, image list and info', async () => {
    await incus('remote', 'add', 'images-test', server.url, '--protocol', 'simplestreams');
    assert.match(await incus('image', 'list', 'images-test:', '-f', 'csv'), new RegExp(oldPrint.slice(0, 12)));
    assert.match(await incus('image', 'info', 'images-test:busybox/1'), new RegExp(oldPrint));
  });
  await t.test('launch straight from the server: fetched once, kept as cached (E01)', async () => {
    server.asked.length = 0;
    await Promise.all([incus('launch', 'images-test:busybox/1', 'c1'), incus('launch', 'images-test:busybox/1', 'c2')]);
    assert.equal(await incus('exec', 'c1', '--', 'cat', '/etc/made'), 'c1 of templates\n');
    assert.equal(server.asked.filter((path) => path.endsWith('old.rootfs.tar.xz')).length, 1);
    const kept = await image(oldPrint);
    assert.equal(kept.cached, true);
    assert.equal(kept.auto_update, true);
    assert.deepEqual(kept.aliases, []);
    assert.partialDeepStrictEqual(kept.update_source, {
      alias: 'busybox/1',
      protocol: 'simplestreams',
      server: server.url,
      image_type: 'container',
    });
    assert.equal(kept.properties.description, 'Busybox 1 amd64 (20240101_0000)');
    assert.notEqual(kept.last_used_at.slice(0, 4), '0001');
  });
  await t.test('the second guest needs no download (E03)', async () => {
    server.asked.length = 0;
    await incus('init', 'images-test:busybox/1', 'c3');
    assert.deepEqual(
      server.asked.filter((path) => path.startsWith('/images/')),
      [],
    );
    await incus('delete', 'c2', 'c3', '--force');
  });
  await t.test('image copy with aliases and auto-update; a unified image too', async () => {
    await incus(
      'image',
      'copy',
      'images-test:busybox/1',
      'local:',
      '--copy-aliases',
      '--auto-update',
      '--alias',
      'mine',
    );
    await incus('image', 'copy', 'images-test:busybox/2', 'local:', '--alias', 'third');
    const kept = await image(oldPrint);
    assert.deepEqual(
      kept.aliases.map(({ name }) => name).toSorted(),
      withArchitecture('busybox/1', 'busybox/1/default', 'mine'),
    );
    assert.deepEqual([kept.cached, kept.auto_update], [false, true]);
    assert.deepEqual(
      (await image(hashOf(third.unified))).aliases.map(({ name }) => name),
      ['third'],
    );
  });
  await t.test('image refresh without news changes nothing', async () => {
    assert.match(await incus('image', 'refresh', 'mine'), /up to date/);
  });
  await t.test(
    'image refresh takes the newer version and moves the aliases; the old one stays for its guest',
    async () => {
      const product = server.products['busybox:1:amd64:default'];
      assert.ok(product);
      product.versions['20240202_0000'] = young;
      assert.match(await incus('image', 'refresh', 'mine'), /refreshed/);
      assert.deepEqual((await image(youngPrint)).aliases.length, 5);
      assert.deepEqual((await image(oldPrint)).aliases, []);
      await incus('delete', '-f', 'c1');
      await assert.rejects(image(oldPrint), /not found/);
    },
  );
  await t.test('image delete, then export from the server by the client', async () => {
    await incus('image', 'delete', 'mine');
    // The client keeps the server's list for an hour: it knows of no newer one.
    await clients.incus.run(['image', 'export', 'images-test:busybox/1', 'out'], { env, cwd: directory });
    assert.equal(hashOf(join(directory, 'out'), join(directory, 'out.root')), oldPrint);
  });
  await t.test('rebuild from the server', async () => {
    await incus('init', 'third', 'r1');
    await incus('rebuild', 'images-test:busybox/1', 'r1');
    await incus('start', 'r1');
    assert.equal((await incus('config', 'get', 'r1', 'volatile.base_image')).trim(), youngPrint);
  });
  await t.test('lxc launches from the same server', async () => {
    const lxc = (...words: string[]) => clients.lxc.run(words, { env });
    await lxc('remote', 'add', 'st', server.url, '--protocol', 'simplestreams');
    await lxc('launch', 'st:busybox/1', 'l1');
    assert.equal(await lxc('exec', 'l1', '--', 'cat', '/etc/made'), 'l1 of templates\n');
  });
  await t.test('gast lists, launches, copies and refreshes from the same server', async () => {
    const own = { ...daemon.env, HOME: directory, NODE_EXTRA_CA_CERTS: server.authority };
    const gast = async (...words: string[]) => {
      const { code, stdout, stderr } = await runGast(own, words);
      assert.equal(code, 0, `${words.join(' ')}: ${stderr}`);
      return stdout;
    };
    await gast('remote', 'add', 'mine', server.url, '--protocol', 'simplestreams');
    assert.match(await gast('remote', 'list', '-f', 'csv'), /^mine,.*,simplestreams,none,YES,NO,NO$/m);
    assert.match(await gast('remote', 'list', '-f', 'csv'), /^images,https:\/\/\S+,simplestreams,none,YES,YES,NO$/m);
    assert.match(await gast('image', 'list', 'mine:', 'busybox/1'), new RegExp(youngPrint.slice(0, 12)));
    await gast('launch', 'mine:busybox/1', 'g1');
    assert.equal(await gast('exec', 'g1', '--', 'cat', '/etc/made'), 'g1 of templates\n');
    await gast('image', 'copy', 'mine:busybox/1', '--alias', 'mine1', '--auto-update');
    assert.match(await gast('image', 'refresh', 'mine1'), /up to date/);
    await gast('stop', 'g1', '--force');
    await gast('rebuild', 'mine:busybox/2', 'g1');
    await gast('delete', 'g1');
    const refused = await runGast(own, ['list', 'mine:']);
    assert.match(refused.stderr, /image server/);
  });
  await t.test('files that are not what the list says are refused, and nothing is left', async () => {
    await incus('delete', '-f', 'r1', 'l1');
    const { fingerprint } = await image(youngPrint);
    await incus('image', 'delete', fingerprint);
    server.answers.set('/images/young.rootfs.tar.xz', 'something else');
    const ended = await clients.incus.try(['launch', 'images-test:busybox/1', 'bad'], { env });
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /young\.rootfs\.tar\.xz: 14 of \d+ bytes/);
    server.answers.clear();
    await assert.rejects(image(youngPrint), /not found/);
    assert.doesNotMatch(await incus('list', '-f', 'csv'), /bad/);
  });
  await t.test('an image that the server does not have is not found', async () => {
    const ended = await clients.incus.try(
      ['query', '-X', 'POST', '--wait', '-d', JSON.stringify(remoteRequest(server.url, 'nosuch')), '/1.0/instances'],
      { env },
    );
    assert.match(ended.stderr, /there is no image "nosuch"/);
  });
  await t.test('image import of an address with the headers of an image server', async () => {
    const place = `${server.url}/images/third.tar.gz`;
    server.headers.set('/latest', { 'Incus-Image-Hash': hashOf(third.unified), 'Incus-Image-URL': place });
    await incus('image', 'delete', 'third');
    await incus('image', 'import', `${server.url}/latest`, '--alias', 'addressed');
    assert.deepEqual(
      (await image(hashOf(third.unified))).aliases.map(({ name }) => name),
      ['addressed'],
    );
  });
  await t.test('image import of an address without these headers is refused', async () => {
    server.headers.set('/plain', {});
    const ended = await clients.incus.try(['image', 'import', `${server.url}/plain`], { env });
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /Incus-Image-Hash/);
  });
});

/** The client adds the architecture to each. */
const withArchitecture = (...aliases: string[]) =>
  aliases
    .flatMap((alias) =>
      alias === 'mine' ? [alias] : [alias, `${alias}/${process.arch === 'arm64' ? 'arm64' : 'amd64'}`],
    )
    .toSorted();

const remoteRequest = (server: string, alias: string) => ({
  name: 'none',
  source: { type: 'image', mode: 'pull', server, protocol: 'simplestreams', alias },
});
