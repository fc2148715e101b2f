/** Images of other servers, secrets and pushes, with the whole API in one process. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import type { Identity } from '../../src/api/handlers.ts';
import type { Image } from '../../src/api/resources/images.ts';
import { lookAfterImages } from '../../src/core/images/update-schedule.ts';
import { RemoteRefused, type Remotes } from '../../src/core/ports/remotes.ts';
import { createFakeClock } from '../contract/fake-clock.ts';
import { addImage, createWorld, type Life, live } from './house.ts';

const stranger: Identity = { username: 'stranger', protocol: 'tls', address: '192.0.2.1', trusted: false };
const asStranger = (life: Life, method: string, url: string, body?: unknown, headers: Record<string, string> = {}) =>
  life.server.inject({ identity: stranger, method, url, headers, body });
const sha256 = (...pieces: string[]) =>
  pieces.reduce((hash, piece) => hash.update(piece), createHash('sha256')).digest('hex');

test('strangers see public images only, one more with its secret, and that once', async () => {
  await using life = await live();
  const open = await addImage(life, 'open');
  const closed = await addImage(life, 'closed');
  await life.call('PATCH', `/1.0/images/${open}`, { public: true });
  const listed = await asStranger(life, 'GET', '/1.0/images');
  assert.deepEqual(listed.json().metadata, [`/1.0/images/${open}`]);
  assert.equal((await asStranger(life, 'GET', '/1.0/images/aliases/closed')).status, 404);
  assert.equal((await asStranger(life, 'GET', `/1.0/images/${closed}`)).status, 404);
  assert.equal((await asStranger(life, 'GET', `/1.0/images/${closed}/export`)).status, 404);
  assert.equal((await asStranger(life, 'POST', `/1.0/images/${closed}/secret`)).status, 403);
  const made = await life.call('POST', `/1.0/images/${closed}/secret`);
  assert.equal(made.status, 202);
  const { metadata: token } = made.json() as { metadata: { class: string; metadata: { secret: string } } };
  assert.equal(token.class, 'token');
  const { secret } = token.metadata;
  assert.equal((await asStranger(life, 'GET', `/1.0/images/${closed}?secret=${'0'.repeat(64)}`)).status, 404);
  assert.equal((await asStranger(life, 'GET', `/1.0/images/${closed}?secret=${secret}`)).status, 200);
  const upload = {
    'Content-Type': 'application/octet-stream',
    'X-Incus-secret': secret,
    'X-Incus-fingerprint': closed,
  };
  assert.equal((await asStranger(life, 'POST', '/1.0/images', Buffer.from('image closed'), upload)).status, 403);
  const exported = await asStranger(life, 'GET', `/1.0/images/${closed}/export?secret=${secret}`);
  assert.deepEqual([exported.status, exported.text], [200, 'image closed']);
  assert.equal((await asStranger(life, 'GET', `/1.0/images/${closed}/export?secret=${secret}`)).status, 404);
});

test('a pushed image needs its secret and its fingerprint, and is what the token promised', async () => {
  await using life = await live();
  const content = 'pushed image';
  const fingerprint = sha256(content);
  const body = {
    source: { mode: 'push', fingerprint },
    aliases: [{ name: 'pushed', description: 'by token' }],
    properties: { os: 'promised' },
  };
  assert.equal((await asStranger(life, 'POST', '/1.0/images', body)).status, 403);
  const secretOf = async () =>
    String(
      ((await life.call('POST', '/1.0/images', body)).json() as { metadata: { metadata: { secret: string } } }).metadata
        .metadata.secret,
    );
  const send = (secret: string, print: string, bytes = content) =>
    asStranger(life, 'POST', '/1.0/images', Buffer.from(bytes), {
      'Content-Type': 'application/octet-stream',
      'X-Incus-Secret': secret,
      'X-Incus-Fingerprint': print,
      'X-Incus-Public': 'true',
      'X-Incus-Aliases': 'alias=stolen',
    });
  assert.equal((await send('', fingerprint)).status, 403);
  assert.equal((await send('f'.repeat(64), fingerprint)).status, 403);
  const secret = await secretOf();
  assert.equal((await send(secret, 'f'.repeat(64))).status, 403);
  assert.equal((await send(secret, fingerprint, 'something else')).status, 400);
  assert.equal((await send(secret, fingerprint)).status, 403, 'a token is good for one upload');
  const taken = await send(await secretOf(), fingerprint);
  assert.equal(taken.status, 202);
  const { operation, metadata } = taken.json() as { operation: string; metadata: { metadata: { secret: string } } };
  assert.equal((await asStranger(life, 'GET', `${operation}/wait?timeout=-1`)).status, 403);
  const waited = await asStranger(life, 'GET', `${operation}/wait?secret=${metadata.metadata.secret}&timeout=-1`);
  assert.equal((waited.json().metadata as { status: string }).status, 'Success');
  const image = await life.get<Image>(`/1.0/images/${fingerprint}`);
  assert.deepEqual(image.aliases, [{ name: 'pushed', description: 'by token' }]);
  assert.deepEqual([image.public, image.properties.os], [false, 'promised']);
});

type Server = { remotes: Remotes; files: Map<string, string>; asked: string[]; down: boolean };

/** An image server in memory: split images whose parts are texts. */
function streamServer(): Server & { publish(serial: string, ...parts: [string, string]): string } {
  const versions: Record<string, { items: Record<string, unknown> }> = {};
  const server: Server = { files: new Map(), asked: [], down: false, remotes: {} as Remotes };
  server.remotes = {
    call: async () => assert.fail('an image server has no API'),
    websocket: async () => assert.fail('an image server has no API'),
    async download(remote, { path }) {
      assert.equal(remote.url, 'https://images.test');
      server.asked.push(path);
      const text = server.files.get(path);
      if (server.down) throw new RemoteRefused(0, 'cannot reach https://images.test');
      if (text === undefined) throw new RemoteRefused(404, 'not found');
      return { headers: {}, sizeBytes: undefined, body: Readable.from([Buffer.from(text)]) };
    },
  };
  const put = (path: string, text: string) => server.files.set(`/mirror/${path}`, text);
  put(
    'streams/v1/index.json',
    JSON.stringify({ index: { i: { datatype: 'image-downloads', path: 'list.json', products: ['p'] } } }),
  );
  return Object.assign(server, {
    publish(serial: string, ...[first, second]: [string, string]) {
      const file = (ftype: string, text: string) => {
        put(`${serial}/${ftype}`, text);
        return { ftype, path: `${serial}/${ftype}`, size: text.length, sha256: sha256(text) };
      };
      const fingerprint = sha256(first, second);
      versions[serial] = {
        items: {
          meta: { ...file('incus.tar.xz', first), combined_sha256: fingerprint },
          root: file('root.tar.xz', second),
        },
      };
      const product = { aliases: 'alpine', arch: 'amd64', os: 'Alpine', release: '3', versions };
      put('list.json', JSON.stringify({ datatype: 'image-downloads', products: { p: product } }));
      return fingerprint;
    },
  });
}

const source = {
  type: 'image',
  mode: 'pull',
  server: 'https://images.test/mirror',
  protocol: 'simplestreams',
  alias: 'alpine',
};
const files = (asked: readonly string[]) => asked.filter((path) => !path.endsWith('.json'));

test('an image of an image server is fetched once for all who want it, kept, and used when the server is away', async () => {
  const server = streamServer();
  const fingerprint = server.publish('20240101', 'metadata', 'rootfs');
  await using life = await live(undefined, { remotes: server.remotes });
  await life.call('PATCH', '/1.0', { config: { 'images.auto_update_cached': 'false' } });
  await Promise.all(['a', 'b', 'c'].map((name) => life.must('POST', '/1.0/instances', { name, source })));
  assert.equal(files(server.asked).length, 2);
  const image = await life.get<Image>(`/1.0/images/${fingerprint}`);
  assert.partialDeepStrictEqual(image, { cached: true, auto_update: false, properties: { os: 'Alpine' } });
  server.down = true;
  await life.must('POST', '/1.0/instances', { name: 'd', source });
  const refused = await life.run('POST', '/1.0/instances', { name: 'e', source: { ...source, alias: 'other' } });
  assert.match(refused.err, /cannot reach https:\/\/images\.test/);
  assert.equal((await life.call('GET', '/1.0/instances/e')).status, 404);
  assert.deepEqual(life.bugs, []);
});

test('downloads that are not what the list promises leave nothing', async () => {
  for (const [path, text, wanted] of [
    ['/mirror/20240101/root.tar.xz', 'rootfs and more', /more than the 6 bytes/],
    ['/mirror/20240101/root.tar.xz', 'root', /4 of 6 bytes/],
    ['/mirror/20240101/incus.tar.xz', 'METADATA', /not what its hash says/],
    ['/mirror/list.json', '{"products":', /is not JSON/],
    ['/mirror/streams/v1/index.json', '[]', /there is no image/],
  ] as const) {
    const server = streamServer();
    server.publish('20240101', 'metadata', 'rootfs');
    server.files.set(path, text);
    await using life = await live(undefined, { remotes: server.remotes });
    const ended = await life.run('POST', '/1.0/images', { source });
    assert.equal(ended.status, 'Failure', path);
    assert.match(ended.err, wanted);
    assert.deepEqual(await life.get('/1.0/images'), []);
    assert.deepEqual(await life.house.images.list(), []);
    assert.deepEqual(life.bugs, []);
  }
});

test('images follow their source by the clock, also after a restart; unused ones of the cache go', async () => {
  using world = createWorld();
  const server = streamServer();
  const old = server.publish('20240101', 'metadata', 'rootfs');
  const clock = createFakeClock();
  const parts = { remotes: server.remotes, clock };
  let young = '';
  {
    await using life = await live(world, parts);
    await life.must('POST', '/1.0/instances', { name: 'guest', source });
    await lookAfterImages(life.house);
    young = server.publish('20240202', 'metadata', 'rootfs 2');
    await clock.advance(5 * 3_600_000);
    await lookAfterImages(life.house);
    assert.equal((await life.call('GET', `/1.0/images/${young}`)).status, 404, 'not due yet');
  }
  await using life = await live(world, parts);
  await clock.advance(3_600_000);
  await lookAfterImages(life.house);
  assert.equal((await life.get<Image>(`/1.0/images/${young}`)).cached, true);
  assert.equal((await life.get<Image>(`/1.0/images/${old}`)).auto_update, false, 'a guest was made from it');
  await life.must('DELETE', '/1.0/instances/guest');
  assert.equal((await life.call('GET', `/1.0/images/${old}`)).status, 404, 'it went with its last guest');
  await clock.advance(11 * 24 * 3_600_000);
  await lookAfterImages(life.house);
  assert.equal((await life.call('GET', `/1.0/images/${young}`)).status, 404, 'nobody used it');
  assert.deepEqual(life.bugs, []);
});

test('sources that cannot be are refused before anything is fetched', async () => {
  const server = streamServer();
  await using life = await live(undefined, { remotes: server.remotes });
  const cases: [body: object, text: RegExp][] = [
    [{ source: { type: 'url', url: 'http://images.test/x' } }, /does not begin with https/],
    [{ source: { type: 'url', url: 'file:///etc/passwd' } }, /does not begin with https/],
    [{ source: { ...source, server: 'http://images.test' } }, /begins with https/],
    [{ source: { ...source, server: 'https://user:word@images.test' } }, /more than host and path/],
    [{ source: { ...source, protocol: 'oci' } }, /not one of incus, lxd, simplestreams/],
    [{ source: { ...source, alias: '' } }, /alias or a fingerprint/],
    [{ source: { ...source, mode: 'relay' } }, /not one of pull, push/],
    [{ source: { type: 'nothing' } }, /not one of image, url/],
    [{ source: { mode: 'push', fingerprint: '../../x' } }, /no fingerprint and no alias/],
  ];
  for (const [body, text] of cases) {
    const reply = await life.call('POST', '/1.0/images', body);
    assert.equal(reply.status, 400, JSON.stringify(body));
    assert.match(reply.text, text);
  }
  assert.deepEqual(server.asked, []);
  const local = await addImage(life, 'local');
  assert.match((await life.call('POST', `/1.0/images/${local}/refresh`)).text, /no source/);
});
