/** Replies of the generic server: envelopes, statuses, headers, ETags, errors. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { openFixture, operation, root, stranger } from './http-fixture.ts';

const keys = ['type', 'status', 'status_code', 'operation', 'error_code', 'error', 'metadata'];

test('sync, created and async replies have all seven keys, statuses and locations', async () => {
  await using fixture = await openFixture();
  const { server } = fixture;
  const sync = await server.inject({ identity: root, method: 'GET', url: '/' });
  assert.equal(sync.status, 200);
  assert.equal(sync.headers['content-type'], 'application/json');
  assert.deepEqual(Object.keys(sync.json()), keys);
  assert.deepEqual(sync.json(), {
    type: 'sync',
    status: 'Success',
    status_code: 200,
    operation: '',
    error_code: 0,
    error: '',
    metadata: ['/1.0'],
  });
  const created = await server.inject({ identity: root, method: 'POST', url: '/1.0/things', body: { name: 'a' } });
  assert.equal(created.status, 201);
  assert.equal(created.headers.location, '/1.0/things/a');
  assert.equal(created.json().metadata, null);
  const started = await server.inject({ identity: root, method: 'DELETE', url: '/1.0/things/a' });
  assert.equal(started.status, 202);
  assert.equal(started.headers.location, `/1.0/operations/${operation.id}`);
  assert.deepEqual(started.json(), {
    type: 'async',
    status: 'Operation created',
    status_code: 100,
    operation: `/1.0/operations/${operation.id}`,
    error_code: 0,
    error: '',
    metadata: operation,
  });
});

test('names arrive decoded, also with slashes and percent signs in them', async () => {
  await using fixture = await openFixture();
  const nameOf = async (url: string) => {
    const reply = await fixture.server.inject({ identity: root, method: 'GET', url });
    return (reply.json().metadata as { name: string }).name;
  };
  assert.equal(await nameOf('/1.0/things/a%2Fb'), 'a/b');
  assert.equal(await nameOf('/1.0/things/a%252Fb?'), 'a%2Fb');
  assert.equal(await nameOf('/1.0/things/%C3%A4%20x?recursion=1&recursion=2&project='), 'ä x');
  assert.equal(await nameOf(`/1.0/things/${'x'.repeat(3000)}`), 'x'.repeat(3000));
  const broken = await fixture.server.inject({ identity: root, method: 'GET', url: '/1.0/things/%zz' });
  assert.equal(broken.status, 400);
});

test('an unknown address is 404, a method that is not in the table 501', async () => {
  await using fixture = await openFixture();
  const ask = async (method: string, url: string) => {
    const reply = await fixture.server.inject({ identity: root, method, url });
    return [reply.status, reply.json().error_code, reply.json().error];
  };
  assert.deepEqual(await ask('GET', '/1.0/nosuch'), [404, 404, 'not found']);
  assert.deepEqual(await ask('GET', '/1.0/things/a/b'), [404, 404, 'not found']);
  assert.deepEqual(await ask('GET', '//'), [404, 404, 'not found']);
  assert.deepEqual(await ask('PATCH', '/1.0/things/a?x=1'), [501, 501, 'not implemented']);
  assert.deepEqual(await ask('DELETE', '/'), [501, 501, 'not implemented']);
  assert.deepEqual(await ask('PROPFIND', '/1.0/things/a'), [501, 501, 'not implemented']);
});

test('HEAD answers like GET without a body', async () => {
  await using fixture = await openFixture();
  const reply = await fixture.server.inject({ identity: root, method: 'HEAD', url: '/1.0/files/text' });
  assert.equal(reply.status, 200);
  assert.equal(reply.headers['content-length'], '5');
  assert.equal(reply.text, '');
});

test('raw replies keep their headers and stream their bodies', async () => {
  const bytes = Buffer.alloc(3_000_000, 7);
  await using fixture = await openFixture({
    handlers: { 'GET /1.0/files/{kind}': () => ({ body: Readable.from([bytes, bytes]) }) },
  });
  const reply = await fixture.server.inject({ identity: root, method: 'GET', url: '/1.0/files/stream' });
  assert.equal(reply.headers['content-type'], 'application/octet-stream');
  assert.equal(reply.bytes.length, 6_000_000);
  await using plain = await openFixture();
  const list = await plain.server.inject({ identity: root, method: 'GET', url: '/1.0/files/list' });
  assert.deepEqual(list.json().metadata, ['a', 'b']);
  assert.equal(list.headers['x-incus-type'], 'directory');
});

test('a raw body that breaks half-way cuts the connection instead of pretending to be whole', async () => {
  async function* breaking() {
    yield Buffer.alloc(100_000);
    throw new Error('disk gone');
  }
  await using fixture = await openFixture({
    handlers: { 'GET /1.0/files/{kind}': () => ({ body: Readable.from(breaking()) }) },
  });
  await assert.rejects(fixture.server.inject({ identity: root, method: 'GET', url: '/1.0/files/x' }));
});

test('the ETag covers what can be edited only, and guards the PUT in every spelling (412)', async () => {
  await using fixture = await openFixture();
  const got = await fixture.server.inject({ identity: root, method: 'GET', url: '/1.0/things/a' });
  const etag = String(got.headers.etag);
  assert.match(etag, /^"[0-9a-f]{64}"$/);
  const put = async (match: string) => {
    const request = { method: 'PUT', url: '/1.0/things/a', body: {}, headers: { 'If-Match': match } };
    return fixture.server.inject({ identity: root, ...request });
  };
  for (const good of [etag, etag.slice(1, -1), `W/${etag}`, `"x", ${etag}`, '*', '']) {
    assert.equal((await put(good)).status, 200, good);
  }
  const refused = await put('"0000"');
  assert.equal(refused.status, 412);
  assert.equal(refused.json().error, `ETag doesn't match: ${etag.slice(1, -1)} vs 0000`);
});

test('errors carry code, parameters and help beside the text (extension error_codes)', async () => {
  await using fixture = await openFixture();
  const ask = async (how: string) => {
    const reply = await fixture.server.inject({ identity: root, method: 'GET', url: `/1.0/fails/${how}` });
    assert.equal(reply.headers['x-content-type-options'], 'nosniff');
    assert.deepEqual(Object.keys(reply.json()), keys);
    return reply.json();
  };
  assert.deepEqual(await ask('catalogue'), {
    type: 'error',
    status: '',
    status_code: 0,
    operation: '',
    error_code: 400,
    error: 'Instance is running',
    metadata: { code: 'instance.running', params: { name: 'web' }, help: 'gast stop web, or add --force' },
  });
  const host = await ask('host');
  assert.deepEqual([host.error_code, host.error], [500, 'mount /x: EPERM']);
  assert.equal((host.metadata as { help: string }).help, 'gast doctor');
  assert.equal((await ask('conflict')).error_code, 409);
});

test('a bug is logged with its stack and told without internals', async () => {
  await using fixture = await openFixture();
  const reply = await fixture.server.inject({ identity: root, method: 'GET', url: '/1.0/fails/bug' });
  assert.equal(reply.status, 500);
  assert.match(reply.json().error, /^Internal error: see [0-9a-f]{8} in the log$/);
  assert.doesNotMatch(reply.text, /ssh|http-fixture/);
  const entry = fixture.log.find(({ level }) => level === 'error');
  assert.match(entry?.message ?? '', /GET \/1.0\/fails\/bug: TypeError: secret path.*http-fixture/s);
});

test('strangers get what is public and nothing else', async () => {
  await using fixture = await openFixture();
  const ask = (url: string) => fixture.server.inject({ identity: stranger, method: 'GET', url });
  assert.equal((await ask('/')).status, 200);
  const refused = await ask('/1.0/things/a');
  assert.equal(refused.status, 403);
  assert.equal(refused.json().error, 'not authorized');
});
