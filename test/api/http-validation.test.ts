/** What the generic server says about bodies that do not fit. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodyKind } from '../../src/http/read-body.ts';
import { openFixture, root } from './http-fixture.ts';

async function put(body: unknown, headers: Record<string, string> = {}) {
  await using fixture = await openFixture();
  const reply = await fixture.server.inject({ identity: root, method: 'PUT', url: '/1.0/things/a', body, headers });
  return { status: reply.status, error: reply.json().error };
}
const json = { 'Content-Type': 'application/json' };

test('each problem is named with its place, what was expected and what was there', async () => {
  const texts: [unknown, string][] = [
    [{ confg: {} }, 'unknown field "confg", did you mean "config"?'],
    [{ zzzzz: 1 }, 'unknown field "zzzzz"'],
    [{ source: { tpe: 'image' } }, 'source/type is missing; unknown field "tpe" in source, did you mean "type"?'],
    [{ config: { 'limits.cpu': [2] } }, 'config/limits.cpu must be a string or a number, but is a list'],
    [{ config: 'x' }, 'config must be an object or null, but is "x"'],
    [{ description: 5 }, 'description must be a string, but is 5'],
    [[], 'the body must be an object, but is a list'],
    ['"x"', 'the body must be an object, but is "x"'],
  ];
  for (const [body, text] of texts) {
    const reply = await put(body, typeof body === 'string' ? json : {});
    assert.deepEqual(reply, { status: 400, error: `Invalid request: ${text}` });
  }
});

test('limits inside lists are named by position', async () => {
  await using fixture = await openFixture();
  const body = { name: 'a', sizes: [1, 0, 1.5] };
  const reply = await fixture.server.inject({ identity: root, method: 'POST', url: '/1.0/things', body });
  assert.match(reply.json().error, /sizes\/1 must be >= 1, but is 0; sizes\/2 must be a whole number, but is 1\.5/);
  const empty = await fixture.server.inject({ identity: root, method: 'POST', url: '/1.0/things' });
  assert.deepEqual(
    [empty.status, empty.json().error],
    [400, 'Invalid request: the body must be an object, but is null'],
  );
});

test('nothing, null and empty are the same as an empty object where all is optional', async () => {
  for (const body of [undefined, 'null', '', '  \n', '{}', '{"config":null}']) {
    assert.equal((await put(body, json)).status, 200, String(body));
  }
});

test('broken JSON is refused with the words of the parser', async () => {
  const reply = await put('{"config":{', json);
  assert.equal(reply.status, 400);
  assert.match(reply.error, /^The body is not valid JSON: .*JSON/);
  assert.match((await put(Buffer.from([0x22, 0xff, 0xfe, 0x22]), json)).error, /not UTF-8/);
});

test('keys that poison prototypes and bottomless nesting are refused', async () => {
  assert.match((await put('{"config":{"__proto__":"x"}}', json)).error, /"__proto__" is not allowed/);
  assert.match((await put('{"\\u005f_proto__":{"a":1}}', json)).error, /"__proto__" is not allowed/);
  assert.match((await put('{"constructor":{"prototype":{}}}', json)).error, /not allowed/);
  const deep = `${'['.repeat(1_500_000)}${']'.repeat(1_500_000)}`;
  assert.match((await put(deep, json)).error, /nested deeper than 64 levels/);
  const objects = `${'{"a":'.repeat(500_000)}1${'}'.repeat(500_000)}`;
  assert.match((await put(objects, json)).error, /nested deeper than 64 levels/);
});

test('a body of very many unknown fields gets a short answer', async () => {
  for (const count of [30_000, 200_000]) {
    const many = Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 1]));
    const reply = await put(many);
    assert.equal(reply.status, 400);
    assert.ok(reply.error.length < 1000, reply.error.slice(0, 2000));
  }
});

test('content types: JSON with parameters, curl forms on the unix socket, nothing else', async () => {
  assert.equal((await put('{}', { 'Content-Type': 'Application/JSON; charset=utf-8' })).status, 200);
  assert.equal((await put('{}', { 'Content-Type': 'application/x-www-form-urlencoded' })).status, 200);
  assert.match((await put('{}', { 'Content-Type': 'text/plain' })).error, /content type is "text\/plain"/);
  assert.equal((await put('{}', { 'Content-Type': ';;;' })).status, 400);
});

test('over HTTPS a form of curl is JSON too, but not what the page of another site may send', () => {
  const kind = (more: Record<string, string>) =>
    bodyKind(
      { body: {} } as never,
      { headers: { 'content-type': 'application/x-www-form-urlencoded', ...more } } as never,
      { protocol: 'tls' } as never,
    );
  assert.equal(kind({}), 'json');
  for (const header of [{ origin: 'https://example.org' }, { 'sec-fetch-site': 'cross-site' }])
    assert.throws(() => kind(header), /content type/);
});

test('uploads reach the handler as a stream, JSON files too', async () => {
  await using fixture = await openFixture();
  for (const type of ['application/octet-stream', 'application/json', 'text/plain']) {
    const body = Buffer.alloc(9_000_000);
    const request = { method: 'POST', url: '/1.0/files', headers: { 'Content-Type': type }, body };
    const reply = await fixture.server.inject({ identity: root, ...request });
    assert.deepEqual(reply.json().metadata, { size: 9_000_000 });
  }
});
