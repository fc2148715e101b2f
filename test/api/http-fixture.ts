/** A small route table with every kind of route, and a server on it; the tests of the generic server share it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Type } from 'typebox';
import { fail } from '../../src/api/errors.ts';
import type { Handlers, Identity } from '../../src/api/handlers.ts';
import type { Operation } from '../../src/api/resources/operations.ts';
import type { RouteTable } from '../../src/api/route.ts';
import { Body, Empty, Loose } from '../../src/api/schema.ts';
import { createAuthorizer } from '../../src/auth/authorize.ts';
import { StoreConflict } from '../../src/core/ports/store.ts';
import { createHttpServer, type HttpServer } from '../../src/http/http-server.ts';
import type { Limits } from '../../src/http/limits.ts';
import type { LogEntry } from '../../src/http/refusal.ts';
import { HostError } from '../../src/lib/host-error.ts';

const Thing = Type.Object({
  name: Type.String(),
  config: Type.Record(Type.String(), Type.String()),
  uses: Type.Integer(),
});

export const testRoutes = {
  'GET /': { summary: 'Versions', access: 'public', answer: 'sync', reply: Type.Array(Type.String()) },
  'GET /1.0/things/{name}': {
    summary: 'Get',
    access: 'view',
    answer: 'sync',
    query: Type.Object({ recursion: Type.Optional(Type.String()), project: Type.Optional(Type.String()) }),
    reply: Thing,
    etag: ['config'],
  },
  'PUT /1.0/things/{name}': {
    summary: 'Put',
    access: 'manage',
    answer: 'sync',
    body: Body({
      config: Loose(Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()]))),
      description: Type.Optional(Type.String()),
      source: Loose(Body({ type: Type.String(), alias: Type.Optional(Type.String()) })),
    }),
    reply: Empty,
  },
  'POST /1.0/things': {
    summary: 'Create',
    access: 'manage',
    answer: 'created',
    body: Body({ name: Type.String(), sizes: Type.Optional(Type.Array(Type.Integer({ minimum: 1 }))) }),
  },
  'DELETE /1.0/things/{name}': { summary: 'Delete', access: 'manage', answer: 'async' },
  'POST /1.0/files': { summary: 'Upload', access: 'manage', answer: 'sync', stream: true, reply: Type.Unknown() },
  'GET /1.0/files/{kind}': { summary: 'Download', access: 'view', answer: 'raw' },
  'GET /1.0/wait': { summary: 'Wait', access: 'view', answer: 'sync', reply: Empty },
  'GET /1.0/fails/{how}': { summary: 'Fail', access: 'view', answer: 'sync', reply: Empty },
  'GET /1.0/socket': {
    summary: 'Socket',
    access: 'public',
    answer: 'websocket',
    query: Type.Object({ secret: Type.Optional(Type.String()), mode: Type.Optional(Type.String()) }),
  },
} as const satisfies RouteTable;
export type TestRoutes = typeof testRoutes;

export const root: Identity = { username: 'root', protocol: 'unix', address: '@', trusted: true };
export const stranger: Identity = { username: 'nobody', protocol: 'tls', address: '192.0.2.1', trusted: false };

export const operation: Operation = {
  id: '4c6e3f1e-0000-4000-8000-000000000001',
  class: 'task',
  description: 'Deleting',
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
  status: 'Running',
  status_code: 103,
  resources: {},
  metadata: null,
  may_cancel: false,
  err: '',
  location: 'none',
};

export type Fixture = AsyncDisposable & { server: HttpServer; log: LogEntry[]; socketPath: string };
export type Overrides = Partial<Handlers<TestRoutes>>;

export async function openFixture(options: { limits?: Partial<Limits>; handlers?: Overrides; listen?: boolean } = {}) {
  const log: LogEntry[] = [];
  const server = createHttpServer({
    routes: testRoutes,
    handlers: { ...plainHandlers(), ...options.handlers },
    identify: () => root,
    authorize: createAuthorizer((_feature, project) => project),
    log: (entry) => log.push(entry),
    limits: { closeGraceMs: 200, ...options.limits },
  });
  const directory = await mkdtemp(join(tmpdir(), 'gasthof-http-'));
  const socketPath = join(directory, 'unix.socket');
  if (options.listen) await server.listen({ socketPath, mode: 0o660 });
  const fixture: Fixture = {
    server,
    log,
    socketPath,
    async [Symbol.asyncDispose]() {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
  return fixture;
}

function plainHandlers(): Handlers<TestRoutes> {
  const thing = (name: string) => ({ name, config: { 'limits.cpu': '2' }, uses: 1 });
  return {
    'GET /': () => ['/1.0'],
    'GET /1.0/things/{name}': ({ params }) => thing(params.name),
    'PUT /1.0/things/{name}': ({ params, checkMatch }) => {
      checkMatch({ ...thing(params.name), uses: 7 });
      return {};
    },
    'POST /1.0/things': ({ body }) => ({ location: `/1.0/things/${body.name}` }),
    'DELETE /1.0/things/{name}': () => operation,
    'POST /1.0/files': async ({ stream }) => {
      let size = 0;
      for await (const chunk of stream ?? []) size += chunk.length;
      return { size };
    },
    'GET /1.0/files/{kind}': ({ params }) => {
      if (params.kind === 'text') return { headers: { 'Content-Type': 'text/plain' }, body: 'hello' };
      return { headers: { 'X-Incus-type': 'directory' }, value: ['a', 'b'] };
    },
    'GET /1.0/wait': () => ({}),
    'GET /1.0/fails/{how}': ({ params }) => {
      if (params.how === 'host') throw new HostError('mount /x: EPERM', { help: 'gast doctor' });
      if (params.how === 'conflict') throw new StoreConflict('/instances/web', 3, 4);
      if (params.how === 'catalogue') fail('instance.running', { name: 'web' });
      throw new TypeError('secret path /root/.ssh was undefined');
    },
    'GET /1.0/socket': ({ query }) => {
      if (query.secret === 'wrong') fail('operation.secret');
      return (channel) =>
        channel.onMessage((data, isBinary) => {
          if (isBinary) channel.sendBinary(data);
          else channel.sendText(Buffer.from(data).toString());
        });
    },
  };
}
