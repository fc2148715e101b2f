/** Turns the route table into Fastify routes. It matches on the raw path, so that `%2F` may be part of a name. */

import type { RequestListener, Server } from 'node:http';
import fastify, { type FastifyInstance, type HTTPMethods } from 'fastify';
import { ApiError } from '../api/errors.ts';
import { presentPath } from '../api/old-paths.ts';
import { answerBrokenRequest } from './broken-request.ts';
import { type Exchange, firstValues, type Upgrade } from './exchange.ts';
import { type Endpoint, refuse, type Serving, serveCall } from './serve-call.ts';

export type UpgradeOf = (request: Exchange['request']) => Upgrade | undefined;

type Options = {
  serving: Serving;
  endpoints: Record<string, Endpoint>;
  upgradeOf: UpgradeOf;
  makeServer: (listener: RequestListener) => Server;
};

/** Names are checked by core with a better text than "not found"; headers limit the whole path to 16 KiB anyway. */
const maxParamLength = 16_384;

export function createRouter({ serving, endpoints, upgradeOf, makeServer }: Options): FastifyInstance {
  const bare = (request: Exchange['request'], response: Exchange['response']): Exchange => {
    return { request, response, params: {}, query: {}, upgrade: upgradeOf(request) };
  };
  const router = fastify({
    serverFactory: makeServer,
    exposeHeadRoutes: false,
    rewriteUrl: (request) => presentPath(request.url ?? '/'),
    clientErrorHandler: answerBrokenRequest,
    routerOptions: { maxParamLength },
    frameworkErrors: (_error, request, reply) => {
      reply.hijack();
      refuse(serving, bare(request.raw, reply.raw), invalid('the address is not properly percent-encoded'));
    },
  });
  // Bodies are read by read-body.ts, after the caller was let in.
  router.removeAllContentTypeParsers();
  router.addContentTypeParser('*', (_request, _payload, done) => done(null));
  router.setErrorHandler((error: { statusCode?: number; message: string }, request, reply) => {
    reply.hijack();
    const isCallers = error.statusCode !== undefined && error.statusCode < 500;
    refuse(serving, bare(request.raw, reply.raw), isCallers ? invalid(error.message) : error);
  });

  for (const [key, endpoint] of Object.entries(withHead(endpoints))) {
    const [method = 'GET'] = key.split(' ', 1);
    router.route({
      method: method as HTTPMethods,
      url: endpoint.path.replace(/\{(\w+)\}/g, ':$1'),
      handler: (request, reply) => {
        reply.hijack();
        const params = request.params as Record<string, string>;
        const query = firstValues(request.query as Record<string, string>);
        return serveCall(serving, endpoint, { ...bare(request.raw, reply.raw), params, query });
      },
    });
  }

  const isKnownPath = pathMatcher(endpoints);
  router.setNotFoundHandler((request, reply) => {
    reply.hijack();
    refuse(
      serving,
      bare(request.raw, reply.raw),
      new ApiError(isKnownPath(request.url) ? 'request.not-implemented' : 'request.not-found'),
    );
  });
  return router;
}

/** Every GET answers HEAD too, without the body; a HEAD of its own goes first. */
function withHead(endpoints: Record<string, Endpoint>): Record<string, Endpoint> {
  const heads = Object.entries(endpoints)
    .filter(([key, { route }]) => key.startsWith('GET ') && route.answer !== 'websocket' && route.answer !== 'upgrade')
    .map(([key, endpoint]) => [key.replace('GET', 'HEAD'), endpoint] as const);
  return { ...Object.fromEntries(heads), ...endpoints };
}

function pathMatcher(endpoints: Record<string, Endpoint>): (url: string) => boolean {
  const patterns = [...new Set(Object.values(endpoints).map(({ path }) => path))].map((path) => {
    const escaped = path.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{\w+\}/g, '[^/]+');
    return new RegExp(`^${escaped}$`);
  });
  return (url) => {
    const path = url.split('?', 1)[0] ?? '';
    return patterns.some((pattern) => pattern.test(path));
  };
}

function invalid(reason: string): ApiError {
  return new ApiError('request.invalid', { reason });
}
