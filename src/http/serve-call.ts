/** The way of one call: identity, permission, body, schema, handler, reply. */
import { isTrue } from '../api/config-keys/key.ts';
import { fail } from '../api/errors.ts';
import {
  type Accept,
  type AcceptConnection,
  type Call,
  type Identity,
  type RawReply,
  RenderedJson,
  type VariedReply,
} from '../api/handlers.ts';
import type { Operation } from '../api/resources/operations.ts';
import type { Route } from '../api/route.ts';
import { type Authorize, authorizeBody } from '../auth/authorize.ts';
import { asyncEnvelope, syncEnvelope } from './envelope.ts';
import { matchCheck, replyEtag } from './etags.ts';
import { departureSignal, type Exchange } from './exchange.ts';
import type { Limits } from './limits.ts';
import { readBody } from './read-body.ts';
import { type Log, refusalOf } from './refusal.ts';
import type { Sender } from './send.ts';
import { acceptUpgrade, checkUpgrade } from './upgrades.ts';
import { validated } from './validate.ts';
import type { Websockets } from './websockets.ts';

/** A handler of any route; `Handlers` ties each to its own types, here they are only called. */
export type AnyHandler = (call: Call<string, Route>) => unknown;
export type Endpoint = { path: string; route: Route; handler: AnyHandler };

export type Serving = {
  routes: Record<string, Route>;
  identify(exchange: Exchange): Identity | undefined;
  authorize: Authorize;
  log: Log;
  limits: Limits;
  send: Sender;
  websockets: Websockets;
};

export async function serveCall(serving: Serving, endpoint: Endpoint, exchange: Exchange): Promise<void> {
  try {
    const result = await endpoint.handler(await prepareCall(serving, endpoint, exchange));
    await answer(serving, endpoint, exchange, result);
  } catch (error) {
    refuse(serving, exchange, error);
  }
}

/** Also for requests that never reached a route. */
export function refuse(serving: Serving, exchange: Exchange, thrown: unknown): void {
  const { request, response } = exchange;
  if (response.headersSent || response.destroyed || request.socket.destroyed) {
    // Half of a raw answer is out, or nobody is left to answer: the cut connection says it.
    request.socket.destroy();
    return;
  }
  serving.send.refusal(exchange, refusalOf(thrown, `${request.method} ${request.url}`, serving.log));
}

async function prepareCall(
  serving: Serving,
  { path, route }: Endpoint,
  exchange: Exchange,
): Promise<Call<string, Route>> {
  const { request, response, params } = exchange;
  const identity = serving.identify(exchange);
  if (identity === undefined) fail('request.forbidden');
  const project = exchange.query.project || 'default';
  const allProjects = isTrue(exchange.query['all-projects']);
  const { method = '' } = request;
  serving.authorize(identity, { method, access: route.access, path, name: params.name, project, allProjects });
  if (route.answer === 'websocket') serving.websockets.check(exchange);
  if (route.answer === 'upgrade') checkUpgrade(route, exchange);
  const query = route.query === undefined ? exchange.query : validated(route.query, exchange.query, 'query');
  const signal = departureSignal(response);
  const body = await readBody(route, exchange, identity, { limits: serving.limits, signal });
  const isJson = route.body !== undefined && body.stream === undefined;
  const json = isJson && route.body !== undefined ? validated(route.body, body.json, 'body') : undefined;
  authorizeBody(identity, json);
  return {
    params,
    query: query as Record<string, never>,
    body: json as undefined,
    stream: body.stream,
    headers: request.headers,
    identity,
    project,
    get signal() {
      return signal();
    },
    checkMatch: matchCheck(serving.routes, path, request.headers['if-match']),
  };
}

async function answer(serving: Serving, endpoint: Endpoint, exchange: Exchange, result: unknown): Promise<void> {
  const { send, websockets } = serving;
  const { route } = endpoint;
  switch (route.answer) {
    case 'varied': {
      const reply = result as VariedReply;
      const as = (one: Route['answer'], value: unknown) =>
        answer(serving, { ...endpoint, route: { ...route, answer: one } }, exchange, value);
      if ('operation' in reply) return as('async', reply.operation);
      return 'location' in reply ? as('created', reply) : as('sync', reply.value);
    }
    case 'sync': {
      if (result instanceof RenderedJson) return send.rendered(exchange, result);
      const etag = route.etag === undefined ? undefined : { ETag: `"${replyEtag(route.etag, result)}"` };
      return send.json(exchange, 200, syncEnvelope(result === undefined ? {} : result), etag);
    }
    case 'created':
      return send.json(exchange, 201, syncEnvelope(null), { Location: (result as { location: string }).location });
    case 'async': {
      const operation = result as Operation;
      const url = `/1.0/operations/${operation.id}`;
      return send.json(exchange, 202, asyncEnvelope(operation, url), { Location: url });
    }
    case 'raw':
      return send.raw(exchange, result as RawReply);
    case 'websocket':
      return websockets.accept(exchange, result as Accept);
    case 'upgrade':
      return acceptUpgrade(route, exchange, result as AcceptConnection);
  }
}
