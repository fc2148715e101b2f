/** The OpenAPI 3.1 description, made from the route table: the schemas are JSON Schema already and go in as they are. */
import type { TSchema } from 'typebox';
import type { Route } from './route.ts';

type Json = Record<string, unknown>;
export type OpenApiInfo = { version: string };

export function openapi(routes: Record<string, Route>, { version }: OpenApiInfo): Json {
  const paths: Record<string, Json> = {};
  for (const [key, route] of Object.entries(routes)) {
    const [method = '', path = ''] = key.split(' ');
    paths[path] = { ...paths[path], [method.toLowerCase()]: operationOf(method, path, route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Gasthof',
      version,
      description: 'System containers and virtual machines on Linux. Compatible with the REST API of Incus.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: 'http://unix.socket', description: 'The unix socket of the daemon' }],
    paths,
    components: { schemas: { Envelope: envelope, Error: errorEnvelope } },
  };
}

function operationOf(method: string, path: string, route: Route): Json {
  const body = requestBody(route);
  return {
    operationId: operationId(method, path),
    summary: route.summary,
    tags: [tagOf(path)],
    parameters: [...pathParameters(path), ...queryParameters(route.query)],
    ...(body === undefined ? {} : { requestBody: body }),
    responses: { ...successOf(route), default: { description: 'Refused', content: json(reference('Error')) } },
    'x-access': route.access,
    ...(route.extension === undefined ? {} : { 'x-extension': route.extension }),
  };
}

/** `GET /1.0/instances/{name}/state` becomes `getInstancesByNameState`. */
export function operationId(method: string, path: string): string {
  const words = path
    .replace(/^\/1\.0(?=\/|$)/, path === '/1.0' ? '/server' : '')
    .replaceAll('{', 'by-')
    .split(/[^a-zA-Z0-9]+/)
    .filter((word) => word !== '');
  if (words.length === 0) words.push('versions');
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

function tagOf(path: string): string {
  const [first = '', second = ''] = path.split('/').slice(1);
  return first === '1.0' && second !== '' ? second.replace(/\..*$/, '') : 'server';
}

function pathParameters(path: string): Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => {
    return { name, in: 'path', required: true, schema: { type: 'string' } };
  });
}

function queryParameters(query: TSchema | undefined): Json[] {
  const { properties = {} } = (query ?? {}) as { properties?: Record<string, Json> };
  return Object.entries(properties).map(([name, { description, ...schema }]) => {
    return { name, in: 'query', required: false, ...(description === undefined ? {} : { description }), schema };
  });
}

function requestBody(route: Route): Json | undefined {
  if (route.body === undefined && !route.stream) return undefined;
  const content = {
    ...(route.body === undefined ? {} : json(route.body)),
    ...(route.stream ? { 'application/octet-stream': {} } : {}),
  };
  return { content };
}

function successOf(route: Route): Json {
  const enveloped = (metadata: unknown) => json({ allOf: [reference('Envelope'), { properties: { metadata } }] });
  const location = { Location: { schema: { type: 'string' } } };
  switch (route.answer) {
    case 'sync': {
      const headers = route.etag === undefined ? {} : { headers: { ETag: { schema: { type: 'string' } } } };
      return { 200: { description: 'Done', ...headers, content: enveloped(route.reply ?? {}) } };
    }
    case 'created':
      return { 201: { description: 'Created', headers: location, content: enveloped({ type: 'null' }) } };
    case 'async':
      return { 202: { description: 'An operation was started', headers: location, content: enveloped({}) } };
    case 'varied':
      return {
        200: { description: 'Done', content: enveloped(route.reply ?? {}) },
        201: { description: 'Created', headers: location, content: enveloped({ type: 'null' }) },
        202: { description: 'An operation was started', headers: location, content: enveloped({}) },
      };
    case 'raw':
      return { 200: { description: 'The content itself', content: { '*/*': {} } } };
    case 'websocket':
      return { 101: { description: 'The connection becomes a websocket' } };
    case 'upgrade':
      return { 101: { description: `The connection speaks ${route.upgrade}` } };
  }
}

const json = (schema: unknown): Json => ({ 'application/json': { schema } });
const reference = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });

const envelopeKeys = ['type', 'status', 'status_code', 'operation', 'error_code', 'error', 'metadata'];
const envelope = {
  type: 'object',
  required: envelopeKeys,
  properties: {
    type: { enum: ['sync', 'async'] },
    status: { type: 'string' },
    status_code: { type: 'integer' },
    operation: { type: 'string', description: 'path of the operation, when one was started' },
    error_code: { type: 'integer' },
    error: { type: 'string' },
    metadata: {},
  },
};
const errorEnvelope = {
  type: 'object',
  required: envelopeKeys,
  properties: {
    ...envelope.properties,
    type: { const: 'error' },
    metadata: {
      type: 'object',
      description: 'extension error_codes',
      required: ['code', 'params', 'help'],
      properties: {
        code: { type: 'string', description: 'see docs/reference/errors.md' },
        params: { type: 'object' },
        help: { type: ['string', 'null'] },
      },
    },
  },
};
