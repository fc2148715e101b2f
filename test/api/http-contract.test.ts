/** The real route table on the generic server, and what is generated from it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { apiExtensions, incusExtensions, ownExtensions } from '../../src/api/extensions.ts';
import type { Handlers } from '../../src/api/handlers.ts';
import { openapi } from '../../src/api/openapi.ts';
import type { Route } from '../../src/api/route.ts';
import { type Routes, routes } from '../../src/api/routes.ts';
import { createAuthorizer } from '../../src/auth/authorize.ts';
import { createHttpServer } from '../../src/http/http-server.ts';
import { operation, root, stranger } from './http-fixture.ts';

const checkout = join(import.meta.dirname, '../..');
const entries = Object.entries<Route>(routes);

function openRealTable() {
  const answers: Record<Route['answer'], unknown> = {
    sync: {},
    created: { location: '/1.0/x' },
    async: operation,
    varied: { value: {} },
    raw: { body: 'x' },
    websocket: () => {},
    upgrade: () => {},
  };
  const handlers = Object.fromEntries(entries.map(([key, { answer }]) => [key, () => answers[answer]]));
  return createHttpServer({
    routes,
    handlers: handlers as unknown as Handlers<Routes>,
    identify: () => root,
    authorize: createAuthorizer((_feature, project) => project),
    log: ({ message }) => assert.fail(message),
  });
}

test('every route of the contract is reached, lets in whom it says, and answers as it says', async () => {
  await using server = openRealTable();
  const statuses: Record<Route['answer'], number> = {
    sync: 200,
    created: 201,
    async: 202,
    varied: 200,
    raw: 200,
    websocket: 400,
    upgrade: 400,
  };
  for (const [key, route] of entries) {
    const [method = '', path = ''] = key.split(' ');
    const request = { method, url: path.replace(/\{\w+\}/g, 'a%2Fb') };
    const refused = await server.inject({ identity: stranger, ...request });
    assert.equal(refused.status === 403, !['public', 'secret'].includes(route.access), key);
    const reply = await server.inject({ identity: root, ...request });
    // Bodies with fields that must be there are refused without them; that proves the schema is in place.
    const expected = reply.status === 400 && route.body !== undefined ? 400 : statuses[route.answer];
    assert.equal(reply.status, expected, key);
  }
});

test('what Go clients send for "nothing" passes', async () => {
  await using server = openRealTable();
  const body = {
    architecture: '',
    config: null,
    devices: null,
    ephemeral: false,
    profiles: null,
    stateful: false,
    description: '',
    name: 'web',
    source: { type: 'image', certificate: '', fingerprint: 'abc', allow_inconsistent: false },
    instance_type: '',
    type: 'container',
    start: true,
  };
  const reply = await server.inject({ identity: root, method: 'POST', url: '/1.0/instances', body });
  assert.equal(reply.status, 202, reply.text);
});

test('openapi describes every route once, with unique operation ids and parameters for every brace', () => {
  const description = openapi(routes, { version: '1.2.3' }) as {
    openapi: string;
    paths: Record<
      string,
      Record<string, { operationId: string; parameters: { name: string; in: string }[]; responses: object }>
    >;
  };
  assert.equal(description.openapi, '3.1.0');
  const ids = new Set<string>();
  for (const [key, route] of entries) {
    const [method = '', path = ''] = key.split(' ');
    const found = description.paths[path]?.[method.toLowerCase()];
    assert.ok(found, key);
    assert.match(found.operationId, /^[a-z][A-Za-z0-9]+$/);
    assert.ok(!ids.has(found.operationId), found.operationId);
    ids.add(found.operationId);
    const named = found.parameters.filter((one) => one.in === 'path').map((one) => one.name);
    assert.deepEqual(
      named,
      [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
    );
    assert.ok(Object.keys(found.responses).length === (route.answer === 'varied' ? 4 : 2), key);
    assert.ok(route.summary.length > 5, key);
  }
  assert.equal(ids.size, Object.values(description.paths).flatMap((methods) => Object.keys(methods)).length);
  const references = JSON.stringify(description).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g);
  for (const [, name] of references) assert.ok(name === 'Envelope' || name === 'Error', String(name));
});

test('extensions: none twice, each of our own has its paragraph, each that a route names exists', () => {
  assert.equal(new Set(apiExtensions).size, incusExtensions.length + ownExtensions.length);
  const text = readFileSync(join(checkout, 'docs/api-extensions.md'), 'utf8');
  const headings = [...text.matchAll(/^## (\w+)$/gm)].map(([, name]) => name ?? '');
  assert.deepEqual(headings, [...ownExtensions]);
  for (const [key, { extension }] of entries) {
    assert.ok(extension === undefined || ownExtensions.some((own) => own === extension), key);
  }
});

test('docs/reference is what the contract says', () => {
  execFileSync(process.execPath, [join(checkout, 'tools/generate-reference.ts'), '--check'], { stdio: 'pipe' });
});
