/** Images between two servers over HTTPS, in every mode, and what strangers see; with the unmodified clients. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Image } from '../../../src/api/resources/images.ts';
import { startDaemon, type TestDaemon } from '../../daemon.ts';
import { foreignClients, lackingClients } from './clients.ts';
import { hashOf, makeImageFiles } from './image-files.ts';
import { joinServer } from './joined.ts';

test('incus copies images between two servers', { skip: lackingClients('incus', 'lxc') }, async (t) => {
  await using first = await startDaemon();
  await using second = await startDaemon();
  using atFirst = foreignClients(first);
  using atSecond = foreignClients(second);
  const { incus, directory } = atFirst;
  const bb = makeImageFiles(directory, 'bb');
  const other = makeImageFiles(directory, 'other');
  const unified = hashOf(bb.unified);
  const split = hashOf(bb.metadata, bb.rootfs);
  const server = `https://${await joinServer(incus, 'ic1', join(first.directory, 'unix.socket'))}`;
  const target = `https://${await joinServer(incus, 'ic2', join(second.directory, 'unix.socket'))}`;
  await incus.run(['image', 'import', bb.unified, 'ic1:', '--alias', 'bb', '--public']);
  await incus.run(['image', 'import', bb.metadata, bb.rootfs, 'ic1:', '--alias', 'bbsplit']);
  const onSecond = async (fingerprint: string) =>
    (await second.client.call('GET /1.0/images/{fingerprint}', { params: { fingerprint } })) as Image;
  const forget = (fingerprint: string) => incus.run(['image', 'delete', `ic2:${fingerprint}`]);

  await t.test('pull of a public image, with its aliases', async () => {
    await incus.run(['image', 'copy', 'ic1:bb', 'ic2:', '--copy-aliases', '--mode', 'pull', '--auto-update']);
    const image = await onSecond(unified);
    assert.deepEqual(image.aliases, [{ name: 'bb', description: '' }]);
    assert.partialDeepStrictEqual(image, { public: false, auto_update: true, cached: false, filename: 'bb.tar.gz' });
    assert.partialDeepStrictEqual(image.update_source, {
      alias: 'bb',
      protocol: 'incus',
      server,
      image_type: 'container',
    });
    assert.match(String(image.update_source?.certificate), /^-----BEGIN CERTIFICATE/);
  });
  await t.test('pull of one that is there already does no harm', async () => {
    await incus.run(['image', 'copy', 'ic1:bb', 'ic2:', '--alias', 'again', '--public']);
    const image = await onSecond(unified);
    assert.deepEqual(image.aliases.map(({ name }) => name).toSorted(), ['again', 'bb']);
    assert.equal(image.public, true);
  });
  await t.test('pull of a private image by its secret', async () => {
    await incus.run(['image', 'copy', 'ic1:bbsplit', 'ic2:', '--alias', 'bbs']);
    assert.deepEqual((await onSecond(split)).aliases, [{ name: 'bbs', description: '' }]);
    await forget(split);
  });
  await t.test('push', async () => {
    await incus.run(['image', 'copy', 'ic1:bbsplit', 'ic2:', '--alias', 'bbs', '--mode', 'push']);
    const image = await onSecond(split);
    assert.deepEqual(image.aliases, [{ name: 'bbs', description: '' }]);
    assert.equal(image.properties.description, 'busybox bb');
    await forget(split);
  });
  await t.test('push of what is there already says so', async () => {
    const ended = await incus.try(['image', 'copy', 'ic1:bb', 'ic2:', '--mode', 'push']);
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /Image with same fingerprint already exists/);
  });
  await t.test('relay', async () => {
    await incus.run(['image', 'copy', 'ic1:bbsplit', 'ic2:', '--alias', 'bbs2', '--mode', 'relay']);
    assert.deepEqual((await onSecond(split)).aliases, [{ name: 'bbs2', description: '' }]);
    await forget(split);
    await forget(unified);
  });
  await t.test('launch on one server from an image of the other', async () => {
    await incus.run(['launch', 'ic1:bb', 'ic2:l1']);
    assert.equal(await incus.run(['exec', 'ic2:l1', '--', 'cat', '/etc/made']), 'l1 of templates\n');
    assert.equal((await onSecond(unified)).cached, true);
  });
  await t.test('an image that follows its alias is refreshed from the other server', async () => {
    await incus.run(['image', 'import', other.unified, 'ic1:', '--alias', 'bb', '--reuse', '--public']);
    assert.match(await incus.run(['image', 'refresh', `ic2:${unified.slice(0, 12)}`]), /refreshed/);
    assert.equal((await onSecond(hashOf(other.unified))).cached, true);
    await incus.run(['delete', '-f', 'ic2:l1']);
    await assert.rejects(onSecond(unified), /not found/);
  });
  await t.test('a stranger sees, and gets, public images only', async () => {
    using stranger = foreignClients(first);
    const { incus: theirs } = stranger;
    const at = { cwd: stranger.directory };
    await theirs.run(['remote', 'add', 'pub', server, '--accept-certificate', '--public']);
    const listed = await theirs.run(['image', 'list', 'pub:', '-f', 'csv']);
    const open = hashOf(other.unified);
    assert.match(listed, new RegExp(open.slice(0, 12)));
    assert.doesNotMatch(listed, new RegExp(split.slice(0, 12)));
    await theirs.run(['image', 'export', `pub:${open.slice(0, 12)}`, 'out'], at);
    assert.equal(hashOf(join(stranger.directory, 'out.tar.gz')), open);
    for (const name of ['bbsplit', split]) {
      const ended = await theirs.try(['image', 'export', `pub:${name}`, 'never'], at);
      assert.equal(ended.code, 1);
      assert.match(ended.stderr, /not found/);
    }
    const ended = await theirs.try(['image', 'import', other.unified, 'pub:']);
    assert.match(ended.stderr, /private server/);
  });
  await t.test('a push without its secret is refused, and nothing is kept', async () => {
    const images = join(second.directory, 'images');
    const before = readdirSync(images).toSorted();
    const body = { target, secret: '0'.repeat(64), certificate: certificateOf(second) };
    const refused = first.client.operation('POST /1.0/images/{fingerprint}/export', {
      params: { fingerprint: split },
      body,
    });
    await assert.rejects(refused, /not authorized|cannot reach/);
    assert.deepEqual(readdirSync(images).toSorted(), before);
  });
  await t.test('another certificate than the one that was named gets nothing', async () => {
    const source = {
      type: 'image',
      mode: 'pull',
      protocol: 'incus',
      server,
      certificate: certificateOf(second),
      alias: 'bb',
    };
    await assert.rejects(second.client.operation('POST /1.0/images', { body: { source } }), /another certificate/);
  });
  await t.test('lxc copies too', async () => {
    const { lxc } = atFirst;
    const token = tokenIn(await atSecond.incus.run(['config', 'trust', 'add', 'lxc']));
    await lxc.run(['remote', 'add', 'lx2', target, '--accept-certificate', '--password', token]);
    await lxc.run(['image', 'copy', 'local:bbsplit', 'lx2:', '--alias', 'fromlxc', '--mode', 'relay']);
    assert.deepEqual(
      (await onSecond(split)).aliases.map(({ name }) => name),
      ['fromlxc'],
    );
  });
});

const certificateOf = (daemon: TestDaemon) => readFileSync(join(daemon.directory, 'server.crt'), 'utf8');
const tokenIn = (said: string) => said.trim().split(/\s+/).at(-1) ?? '';
