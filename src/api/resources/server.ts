/** The server itself: what it is, its config, its health. */
import { type Static, Type } from 'typebox';
import type { RouteTable } from '../route.ts';
import { Body, ConfigMap, Empty, Loose, LooseConfigMap, ProjectQuery } from '../schema.ts';

export const ServerEnvironment = Type.Object({
  addresses: Type.Array(Type.String()),
  architectures: Type.Array(Type.String()),
  certificate: Type.String(),
  certificate_fingerprint: Type.String(),
  driver: Type.String(),
  driver_version: Type.String(),
  firewall: Type.String(),
  kernel: Type.String(),
  kernel_architecture: Type.String(),
  kernel_features: ConfigMap,
  kernel_version: Type.String(),
  lxc_features: ConfigMap,
  os_name: Type.String(),
  os_version: Type.String(),
  project: Type.String(),
  server: Type.String(),
  server_clustered: Type.Boolean(),
  server_event_mode: Type.String(),
  server_name: Type.String(),
  server_pid: Type.Integer(),
  server_version: Type.String(),
  storage: Type.String(),
  storage_version: Type.String(),
  storage_supported_drivers: Type.Array(
    Type.Object({ Name: Type.String(), Version: Type.String(), Remote: Type.Boolean() }),
  ),
});
export const Server = Type.Object({
  config: ConfigMap,
  api_extensions: Type.Array(Type.String()),
  api_status: Type.String(),
  api_version: Type.String(),
  auth: Type.String(),
  public: Type.Boolean(),
  auth_methods: Type.Array(Type.String()),
  auth_user_name: Type.Optional(Type.String()),
  auth_user_method: Type.Optional(Type.String()),
  environment: Type.Optional(ServerEnvironment),
});
export type Server = Static<typeof Server>;
export type ServerEnvironment = Static<typeof ServerEnvironment>;

export const ServerPut = Body({ config: Loose(LooseConfigMap) });
export type ServerPut = Static<typeof ServerPut>;

/** One check of `gast doctor`: what was tried, what was seen, what helps. */
export const Check = Type.Object({
  name: Type.String(),
  status: Type.Union([Type.Literal('ok'), Type.Literal('warning'), Type.Literal('failed')]),
  found: Type.String(),
  help: Type.String(),
});
export type Check = Static<typeof Check>;

export const serverRoutes = {
  'GET /': {
    summary: 'List the versions of the API',
    access: 'public',
    answer: 'sync',
    reply: Type.Array(Type.String()),
  },
  'GET /1.0': {
    summary: 'Get the server: version, extensions, environment, config',
    access: 'public',
    answer: 'sync',
    query: ProjectQuery,
    reply: Server,
    etag: ['config'],
  },
  'PUT /1.0': {
    summary: 'Replace the config of the server',
    access: 'admin',
    answer: 'sync',
    query: ProjectQuery,
    body: ServerPut,
    reply: Empty,
  },
  'PATCH /1.0': {
    summary: 'Change parts of the config of the server',
    access: 'admin',
    answer: 'sync',
    query: ProjectQuery,
    body: ServerPut,
    reply: Empty,
  },
  'GET /1.0/metadata/configuration': {
    summary: 'Get the documentation of every config key',
    access: 'view',
    answer: 'sync',
    reply: Type.Object({ configs: Type.Record(Type.String(), Type.Unknown()) }),
  },
  'GET /1.0/openapi.json': {
    summary: 'Get the OpenAPI 3.1 description of this API',
    access: 'public',
    answer: 'raw',
    extension: 'openapi',
  },
  'GET /1.0/doctor': {
    summary: 'Check by trying what this host can do',
    access: 'view',
    answer: 'sync',
    reply: Type.Array(Check),
    extension: 'doctor',
  },
  'GET /1.0/cluster': {
    summary: 'Get the cluster: this server stands alone',
    access: 'view',
    answer: 'sync',
    etag: ['server_name', 'enabled'],
    reply: Type.Object({
      server_name: Type.String(),
      enabled: Type.Boolean(),
      member_config: Type.Array(
        Type.Object({
          entity: Type.String(),
          name: Type.String(),
          key: Type.String(),
          value: Type.String(),
          description: Type.String(),
        }),
      ),
    }),
  },
  'GET /internal/ready': {
    summary: 'Answer when the server has started',
    access: 'view',
    answer: 'sync',
    reply: Empty,
  },
  'PUT /internal/shutdown': {
    summary: 'Stop the daemon; guests run on',
    access: 'admin',
    answer: 'sync',
    reply: Empty,
  },
} as const satisfies RouteTable;
