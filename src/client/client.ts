/**
 * The typed client: every call is a key of the route table, which gives the types of parameters, query, body and reply.
 * The table itself is only imported as a type, so that a command line call loads no schemas.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import type { Event } from '../api/resources/events.ts';
import type { Operation } from '../api/resources/operations.ts';
import type { BodyOf, Params, QueryOf, ReplyOf, Route } from '../api/route.ts';
import type { RouteKey, Routes } from '../api/routes.ts';
import { ClientError } from './client-error.ts';
import { readEnvelope } from './envelope.ts';
import { type EventsOptions, eventsPath, followEvents } from './events.ts';
import { type FollowOptions, followOperation } from './follow-operation.ts';
import { createHttpTransport, type HttpTransport, type Upgraded, type UpgradeOptions } from './http-transport.ts';
import { type QueryValues, requestPath, splitKey } from './request-path.ts';
import { createWebSocketConnection, type WebSocketConnection } from './websocket.ts';

type KeysOf<A extends Route['answer']> = { [K in RouteKey]: Routes[K]['answer'] extends A ? K : never }[RouteKey];
type ParamsField<K extends RouteKey> = [keyof Params<K>] extends [never]
  ? { params?: never }
  : { params: { [P in keyof Params<K>]: string } };
type Reply<K extends RouteKey> = Routes[K]['answer'] extends 'async' ? Operation : ReplyOf<Routes[K]>;

export type CallArgs<K extends RouteKey> = ParamsField<K> & {
  query?: Partial<QueryOf<Routes[K]>> | undefined;
  body?: BodyOf<Routes[K]>;
  /** A body that is not JSON; its headers say what it is. */
  upload?: Readable | Uint8Array | undefined;
  headers?: Readonly<Record<string, string>> | undefined;
  /** The ETag that the object must still have. */
  ifMatch?: string | undefined;
  signal?: AbortSignal | undefined;
};
type ArgsParam<K extends RouteKey> = [keyof Params<K>] extends [never] ? [args?: CallArgs<K>] : [args: CallArgs<K>];

export interface Client extends Disposable {
  readonly socketPath: string;
  /** The value of a `sync` or `created` route. */
  call<K extends KeysOf<'sync' | 'created' | 'varied'>>(key: K, ...args: ArgsParam<K>): Promise<Reply<K>>;
  /** The value together with its ETag, for read-change-write. */
  read<K extends KeysOf<'sync'>>(key: K, ...args: ArgsParam<K>): Promise<{ value: Reply<K>; etag: string | undefined }>;
  /** Starts an `async` route and returns its operation as it is then. */
  start<K extends KeysOf<'async' | 'varied'>>(key: K, ...args: ArgsParam<K>): Promise<Operation>;
  /** Waits for an operation that was started; throws what it failed with. */
  finish(operation: Operation, options?: FollowOptions): Promise<Operation>;
  /** `start` and `finish` in one. */
  operation<K extends KeysOf<'async' | 'varied'>>(
    key: K,
    args: CallArgs<K>,
    options?: FollowOptions,
  ): Promise<Operation>;
  /** The bare answer of a route, with a body to be read; errors are thrown. */
  raw<K extends RouteKey>(key: K, ...args: ArgsParam<K>): Promise<IncomingMessage>;
  /** Any path as it is, without the types of the table; errors are thrown. */
  request(method: string, path: string, body?: unknown): Promise<IncomingMessage>;
  /** The connection itself, which speaks what the route says from then on. */
  upgrade<K extends KeysOf<'upgrade'>>(key: K, protocol: string, ...args: ArgsParam<K>): Promise<Duplex>;
  websocket(path: string, signal?: AbortSignal): Promise<WebSocketConnection>;
  events(options?: EventsOptions): AsyncIterable<Event>;
}

export type ClientOptions = {
  /** Of a server on the network: its URL. */
  socketPath: string;
  /** @default the daemon's socket */
  transport?: HttpTransport | undefined;
  /** Goes into the query of every call, unless the call names one. */
  project?: string | undefined;
  userAgent?: string | undefined;
  /** Told about every request, for `--debug`. */
  onRequest?: ((line: string) => void) | undefined;
};

type AnyArgs = {
  params?: Readonly<Record<string, string>>;
  query?: QueryValues;
  body?: unknown;
  upload?: Readable | Uint8Array | undefined;
  headers?: Readonly<Record<string, string>> | undefined;
  ifMatch?: string | undefined;
  signal?: AbortSignal | undefined;
};

/** One `/wait` call at most lasts so long; proxies and servers do not like endless ones. */
const waitSliceSeconds = 300;

export function createClient(options: ClientOptions): Client {
  const { socketPath, project, userAgent = 'gast', onRequest } = options;
  const transport = options.transport ?? createHttpTransport(socketPath);

  const pathOf = (key: string, { params, query }: AnyArgs): string => {
    // All projects and one exclude each other.
    const inside = project && query?.['all-projects'] === undefined ? { project } : {};
    return requestPath(splitKey(key).template, params, { ...inside, ...query });
  };
  const send = async (key: string, args: AnyArgs = {}): Promise<IncomingMessage> =>
    sendTo(splitKey(key).method, pathOf(key, args), args);
  const sendTo = async (method: string, path: string, args: AnyArgs): Promise<IncomingMessage> => {
    const json = args.body === undefined ? undefined : JSON.stringify(args.body);
    const headers: Record<string, string> = { 'User-Agent': userAgent, ...args.headers };
    if (json !== undefined) headers['Content-Type'] = 'application/json';
    if (json !== undefined) headers['Content-Length'] = String(Buffer.byteLength(json));
    if (args.ifMatch !== undefined) headers['If-Match'] = args.ifMatch;
    const before = Date.now();
    const answer = await transport.send({ method, path, headers, body: json ?? args.upload, signal: args.signal });
    onRequest?.(`${method} ${path} ${json ?? ''} -> ${answer.statusCode} in ${Date.now() - before} ms`);
    return answer;
  };
  const value = async (key: string, args?: AnyArgs) => (await readEnvelope(await send(key, args))).metadata;
  const websocket = async (path: string, signal?: AbortSignal) => {
    onRequest?.(`websocket ${path.replace(/secret=\w+/, 'secret=...')}`);
    return createWebSocketConnection(await upgraded(path, { signal }));
  };
  const upgraded = async (path: string, how: UpgradeOptions): Promise<Upgraded> => {
    const result = await transport.upgrade(path, how);
    if ('socket' in result && 'head' in result) return result;
    await readEnvelope(result);
    const { protocol = 'websocket' } = how;
    throw new ClientError({
      status: result.statusCode ?? 0,
      code: 'client.no-websocket',
      message: `${path} is no ${protocol}`,
    });
  };
  async function* events(options: EventsOptions = {}) {
    const socket = await websocket(eventsPath({ project, ...options }), options.signal);
    yield* followEvents(socket, options.signal);
  }

  const finish = (operation: Operation, options: FollowOptions = {}) =>
    followOperation(
      {
        wait: async (id, signal) =>
          (await value('GET /1.0/operations/{id}/wait', {
            params: { id },
            query: { timeout: waitSliceSeconds },
            signal,
          })) as Operation,
        cancel: (id) => value('DELETE /1.0/operations/{id}', { params: { id } }),
        events: (signal) => events({ types: ['operation'], allProjects: true, signal }),
      },
      operation,
      options,
    );
  const start = async (key: string, args?: AnyArgs) => (await value(key, args)) as Operation;

  const client = {
    socketPath,
    call: value,
    read: async (key: string, args?: AnyArgs) => {
      const answer = await send(key, args);
      return { value: (await readEnvelope(answer)).metadata, etag: answer.headers.etag };
    },
    start,
    finish,
    operation: async (key: string, args: AnyArgs, options?: FollowOptions) => finish(await start(key, args), options),
    raw: async (key: string, args?: AnyArgs) => {
      const answer = await send(key, args);
      if ((answer.statusCode ?? 500) >= 400) {
        // A HEAD has no body to tell more.
        if (key.startsWith('HEAD ')) throw headError(answer);
        await readEnvelope(answer);
      }
      return answer;
    },
    request: async (method: string, path: string, body?: unknown) => {
      const answer = await sendTo(method, path, { body });
      if ((answer.statusCode ?? 500) >= 400) await readEnvelope(answer);
      return answer;
    },
    upgrade: async (key: string, protocol: string, args: AnyArgs = {}) => {
      const path = pathOf(key, args);
      onRequest?.(`${protocol} ${path}`);
      const { socket, head } = await upgraded(path, { protocol, signal: args.signal });
      if (head.length > 0) socket.unshift(head);
      return socket;
    },
    websocket,
    events,
    [Symbol.dispose]: () => transport[Symbol.dispose](),
  };
  // The table's types hold outside; inside, one untyped function serves all routes.
  return client as unknown as Client;
}

function headError(answer: IncomingMessage): ClientError {
  answer.resume();
  const status = answer.statusCode ?? 0;
  return new ClientError({
    status,
    code: status === 404 ? 'request.not-found' : '',
    message: status === 404 ? 'not found' : `The server answered ${status}`,
  });
}
