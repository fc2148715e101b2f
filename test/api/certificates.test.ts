/** The trust store over real TLS: strangers, tokens, passwords, renewal (I03, I04). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { live } from './house.ts';
import { type TlsClient, tlsClient } from './tls-client.ts';
import { entry, errorOf, open, token } from './trust-fixture.ts';

test('strangers see that the server is there, and nothing else', async () => {
  await using life = await live();
  const { client } = await open(life);
  for (const options of [{}, { anonymous: true }]) {
    using stranger = client(options);
    assert.deepEqual((await stranger.call('GET', '/')).json.metadata, ['/1.0']);
    const { metadata } = (await stranger.call('GET', '/1.0')).json as { metadata: Record<string, unknown> };
    assert.equal(metadata.auth, 'untrusted');
    assert.deepEqual(metadata.config, {});
    assert.ok(!('environment' in metadata) && !('auth_user_name' in metadata));
    for (const path of ['instances', 'certificates', 'operations', 'projects', 'networks', 'storage-pools', 'events']) {
      const reply = await stranger.call('GET', `/1.0/${path}`);
      assert.deepEqual([reply.status, errorOf(reply)], [403, 'not authorized'], path);
    }
    assert.equal((await stranger.call('PUT', '/1.0', { config: {} })).status, 403);
    assert.equal((await stranger.call('PUT', '/internal/shutdown')).status, 403);
    assert.equal((await stranger.call('POST', '/1.0/certificates', { token: true, name: 'x' })).status, 403);
    assert.equal(
      (await stranger.call('POST', '/1.0/certificates', { name: 'x' })).status,
      options.anonymous ? 403 : 403,
    );
  }
});

test('a token lets one client in, once, on the connection that it has', async () => {
  await using life = await live();
  const { port, client } = await open(life);
  const { text, operation } = await token(life, { description: 'mine' });
  assert.equal(operation.class, 'token');
  assert.equal(operation.status, 'Running');
  assert.deepEqual(operation.metadata?.addresses, [`127.0.0.1:${port}`]);
  assert.equal(operation.metadata?.fingerprint, life.house.ownCertificate().fingerprint);
  assert.deepEqual(operation.metadata?.request, {
    name: 'laptop',
    type: 'client',
    restricted: false,
    projects: [],
    certificate: '',
    description: 'mine',
    trust_token: '',
    token: true,
  });
  using laptop = client();
  const reply = await laptop.call('POST', '/1.0/certificates', entry(text));
  assert.equal(reply.status, 201, String(errorOf(reply)));
  assert.equal(reply.headers.location, `/1.0/certificates/${laptop.fingerprint}`);
  const { metadata } = (await laptop.call('GET', '/1.0')).json as { metadata: Record<string, unknown> };
  assert.deepEqual(
    [metadata.auth, metadata.auth_user_name, metadata.auth_user_method],
    ['trusted', laptop.fingerprint, 'tls'],
  );
  const environment = metadata.environment as Record<string, unknown>;
  assert.deepEqual(environment.addresses, [`127.0.0.1:${port}`]);
  assert.match(String(environment.certificate), /BEGIN CERTIFICATE/);
  assert.equal(environment.certificate_fingerprint, life.house.ownCertificate().fingerprint);

  assert.deepEqual(await life.get(`/1.0/certificates/${laptop.fingerprint}`), {
    name: 'laptop',
    type: 'client',
    restricted: false,
    projects: [],
    certificate: laptop.certificate,
    description: 'mine',
    fingerprint: laptop.fingerprint,
  });
  using second = client();
  const again = await second.call('POST', '/1.0/certificates', entry(text));
  assert.deepEqual([again.status, errorOf(again)], [403, 'not authorized']);
  const twice = await laptop.call('POST', '/1.0/certificates', entry((await token(life)).text));
  assert.deepEqual([twice.status, errorOf(twice)], [409, 'Certificate already in trust store']);

  const event = life.events.find(({ metadata }) => (metadata as { action?: string }).action === 'certificate-created');
  assert.ok(event);
  assert.equal((event.metadata as { source: string }).source, `/1.0/certificates/${laptop.fingerprint}`);
  assert.deepEqual(
    await life.get('/1.0/operations?recursion=1').then(({ running }) => (running as unknown[]).length),
    1,
  );
});

test('trust that is taken away is gone at the next request of the same connection', async () => {
  await using life = await live();
  const { client } = await open(life);
  using laptop = client();
  await laptop.call('POST', '/1.0/certificates', entry((await token(life)).text));
  assert.equal((await laptop.call('GET', '/1.0/instances')).status, 200);
  assert.equal((await life.call('DELETE', `/1.0/certificates/${laptop.fingerprint.slice(0, 12)}`)).status, 200);
  assert.equal((await laptop.call('GET', '/1.0/instances')).status, 403);
});

test('streams end when the trust is taken away, and the answer to who removes itself still comes', async () => {
  await using life = await live();
  const { client, port } = await open(life);
  using laptop = client();
  await laptop.call('POST', '/1.0/certificates', entry((await token(life)).text));
  const { certificate: cert, key } = laptop;
  const events = new WebSocket(`wss://127.0.0.1:${port}/1.0/events`, { cert, key, rejectUnauthorized: false });
  await once(events, 'open');
  const closed = once(events, 'close');
  await life.call('PATCH', `/1.0/certificates/${laptop.fingerprint}`, { description: 'another word changes nothing' });
  assert.equal((await laptop.call('DELETE', `/1.0/certificates/${laptop.fingerprint}`)).status, 200);
  await closed;
});

test('bad tokens open nothing, and a revoked or expired one neither', async () => {
  await using life = await live();
  const { client } = await open(life);
  using stranger = client();
  const wrong = Buffer.from(JSON.stringify({ client_name: 'x', secret: 'ab'.repeat(32) })).toString('base64');
  for (const text of ['x', 'bnVsbA==', 'W10=', Buffer.from('{"secret":""}').toString('base64'), wrong]) {
    const reply = await stranger.call('POST', '/1.0/certificates', entry(text));
    assert.deepEqual([reply.status, errorOf(reply)], [403, 'not authorized'], text);
  }
  const revoked = await token(life);
  assert.equal((await life.call('DELETE', `/1.0/operations/${revoked.operation.id}`)).status, 200);
  assert.equal((await stranger.call('POST', '/1.0/certificates', entry(revoked.text))).status, 403);

  let now = new Date();
  const clock = { ...life.house.clock, now: () => now };
  await using later = await live(undefined, { clock });
  const there = await open(later);
  using late = there.client({ from: new Date(Date.now() - 1000) });
  assert.equal((await later.call('PATCH', '/1.0', { config: { 'core.remote_token_expiry': '1H' } })).status, 200);
  const expiring = await token(later);
  assert.equal(expiring.operation.metadata?.expiresAt, new Date(now.getTime() + 3_600_000).toISOString());
  now = new Date(now.getTime() + 3_700_000);
  const reply = await late.call('POST', '/1.0/certificates', entry(expiring.text));
  assert.deepEqual([reply.status, errorOf(reply)], [403, 'Token has expired']);
});

test('clients of LXD send a token or the trust password as password', async () => {
  await using life = await live();
  const { client } = await open(life);
  using first = client();
  const send = (who: TlsClient, password: string) =>
    who.call('POST', '/1.0/certificates', { name: 'lxc', type: 'client', certificate: '', password });
  assert.equal((await send(first, 'secret')).status, 403);
  assert.equal((await send(first, (await token(life)).text)).status, 201);

  assert.equal((await life.call('PATCH', '/1.0', { config: { 'core.trust_password': 'secret' } })).status, 200);
  const shown = await life.get<{ config: Record<string, string> }>('/1.0');
  assert.equal(shown.config['core.trust_password'], 'true');
  assert.equal((await life.call('PUT', '/1.0', { config: { ...shown.config, 'user.x': '1' } })).status, 200);
  using second = client();
  assert.equal((await send(second, 'true')).status, 403);
  assert.equal((await send(second, 'wrong')).status, 403);
  assert.equal((await send(second, 'secret')).status, 201);
  assert.doesNotMatch(JSON.stringify(await life.world.store.list('server/')), /"secret"/);
});

test('certificates are added, listed, shown by a prefix, changed and deleted', async () => {
  await using life = await live();
  const { client } = await open(life);
  using laptop = client();
  const der = laptop.certificate.replace(/-----.*-----|\n/g, '');
  const add = (body: Record<string, unknown>) => life.call('POST', '/1.0/certificates', body);
  const created = await add({ name: 'laptop', type: 'client', certificate: der, restricted: false, projects: null });
  assert.deepEqual([created.status, created.headers.location], [201, `/1.0/certificates/${laptop.fingerprint}`]);
  assert.equal((await add({ certificate: laptop.certificate })).status, 409);
  assert.equal((await laptop.call('GET', '/1.0/instances')).status, 200);

  assert.deepEqual(await life.get('/1.0/certificates'), [`/1.0/certificates/${laptop.fingerprint}`]);
  const object = {
    name: 'laptop',
    type: 'client',
    restricted: false,
    projects: [],
    certificate: laptop.certificate,
    description: '',
    fingerprint: laptop.fingerprint,
  };
  assert.deepEqual(await life.get('/1.0/certificates?recursion=1'), [object]);
  const path = `/1.0/certificates/${laptop.fingerprint.slice(0, 12)}`;
  const one = await life.call('GET', path);
  assert.deepEqual(one.json().metadata, object);
  const etag = String(one.headers.etag);
  assert.match(etag, /^"[0-9a-f]{64}"$/);

  assert.equal((await life.call('PATCH', path, { description: 'of Anna' }, { 'If-Match': etag })).status, 200);
  assert.equal((await life.call('PUT', path, object, { 'If-Match': etag })).status, 412);
  assert.equal((await life.get<typeof object>(path)).description, 'of Anna');
  assert.equal((await life.call('PUT', path, { ...object, name: 'notebook' })).status, 200);
  assert.deepEqual(await life.get(path), { ...object, name: 'notebook' });

  using other = client();
  const renewed = await life.call('PATCH', path, { certificate: other.certificate });
  assert.equal(renewed.status, 200);
  assert.equal((await laptop.call('GET', '/1.0/instances')).status, 403);
  assert.equal((await other.call('GET', '/1.0/instances')).status, 200);
  assert.equal((await life.call('DELETE', `/1.0/certificates/${other.fingerprint}`)).status, 200);
  assert.equal((await life.call('GET', `/1.0/certificates/${other.fingerprint}`)).status, 404);
  assert.deepEqual(await life.get('/1.0/certificates'), []);
});

test('what is no certificate, project or type is refused', async () => {
  await using life = await live();
  using someone = tlsClient(() => 0);
  const { certificate } = someone;
  const bodies: [Record<string, unknown>, number, RegExp][] = [
    [{ certificate: 'x' }, 400, /Invalid certificate material/],
    [{ certificate: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' }, 400, /Invalid certificate/],
    [{}, 400, /non-TLS link/],
    [{ certificate, type: 'root' }, 400, /Unknown request type/],
    [{ certificate, projects: ['nowhere'] }, 404, /Project not found/],
    [{ certificate, name: 'a\nb' }, 400, /Invalid certificate name/],
    [{ certificate, token: true }, 400, /Can't use certificate/],
    [{ type: 'metrics', token: true }, 400, /only be issued for client/],
    [{ projects: ['nowhere'], token: true }, 404, /Project not found/],
    [{ trust_token: 'x' }, 400, /non-TLS link/],
  ];
  for (const [body, status, text] of bodies) {
    const reply = await life.call('POST', '/1.0/certificates', body);
    assert.equal(reply.status, status, JSON.stringify(body));
    assert.match(reply.json().error, text);
  }
  assert.deepEqual(await life.get('/1.0/certificates'), []);
  assert.deepEqual(await life.get('/1.0/operations'), {});
});

test('a certificate that is over, or not yet valid, is that of a stranger', async () => {
  await using life = await live();
  const { client } = await open(life);
  const year = 366 * 24 * 3600 * 1000;
  for (const from of [new Date(Date.now() - 2 * year), new Date(Date.now() + year)]) {
    using laptop = client({ from });
    const reply = await life.call('POST', '/1.0/certificates', { name: 'x', certificate: laptop.certificate });
    assert.equal(reply.status, 201);
    assert.equal((await laptop.call('GET', '/1.0/instances')).status, 403);
  }
});

test('a certificate of type metrics reads metrics and nothing else', async () => {
  await using life = await live();
  const { client } = await open(life);
  using prometheus = client();
  const body = { name: 'prometheus', type: 'metrics', certificate: prometheus.certificate };
  assert.equal((await life.call('POST', '/1.0/certificates', body)).status, 201);
  assert.equal((await prometheus.call('GET', '/1.0/instances')).status, 403);
  assert.equal((await prometheus.call('GET', '/1.0/certificates')).status, 403);
  assert.ok([200, 404].includes((await prometheus.call('GET', '/1.0/metrics')).status));
});
