/**
 * The generic server: gets a route table and handlers, gives an HTTP API. It knows no resource.
 * The way of a request: router.ts, serve-call.ts, read-body.ts, validate.ts, the handler, send.ts or websockets.ts.
 */
import { createServer, type IncomingMessage, ServerResponse } from 'node:http';
import { type Duplex, duplexPair } from 'node:stream';
import type { Handlers, Identity } from '../api/handlers.ts';
import type { RouteTable } from '../api/route.ts';
import type { Authorize } from '../auth/authorize.ts';
import { trackConnections } from './connections.ts';
import type { Exchange, Upgrade } from './exchange.ts';
import { type InjectReply, type InjectRequest, injectOver } from './in-memory.ts';
import { defaultLimits, type Limits } from './limits.ts';
import type { Log } from './refusal.ts';
import { createRouter } from './router.ts';
import { createSender } from './send.ts';
import type { AnyHandler, Endpoint, Serving } from './serve-call.ts';
import { listenOnUnixSocket, type UnixAddress } from './unix-socket.ts';
import { upgradeNames } from './upgrades.ts';
import { createWebsockets } from './websockets.ts';

export type HttpServerOptions<T extends RouteTable> = {
  routes: T;
  handlers: Handlers<T>;
  /** Who is on the other end; undefined is refused everything, also what is public. */
  identify(request: IncomingMessage): Identity | undefined;
  authorize: Authorize;
  log: Log;
  limits?: Partial<Limits>;
};

export type HttpServer = AsyncDisposable & {
  listen(address: UnixAddress): Promise<void>;
  /** Serves a connection that another listener has accepted. */
  accept(connection: Duplex): void;
  /** A connection inside this process, already identified. Any HTTP or websocket client can use it. */
  connect(identity: Identity): Promise<Duplex>;
  inject(request: InjectRequest & { identity: Identity }): Promise<InjectReply>;
  /** Stops listening, says goodbye to websockets, gives running requests a moment, then cuts. */
  close(): Promise<void>;
};

export function createHttpServer<const T extends RouteTable>(options: HttpServerOptions<T>): HttpServer {
  const limits = { ...defaultLimits, ...options.limits };
  const upgrades = new WeakMap<IncomingMessage, Upgrade>();
  const inMemory = new WeakMap<Duplex, Identity>();
  const websockets = createWebsockets(limits);
  const protocols = upgradeNames(options.routes);
  let closing: Promise<void> | undefined;

  const serving: Serving = {
    routes: options.routes,
    identify: ({ request }) => inMemory.get(request.socket) ?? options.identify(request),
    authorize: options.authorize,
    log: options.log,
    limits,
    send: createSender(limits, () => closing !== undefined),
    websockets,
  };
  const server = createServer({
    headersTimeout: limits.headersTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: Math.min(5_000, limits.headersTimeoutMs),
    // Uploads may take hours; JSON bodies have their own clock in read-body.ts.
    requestTimeout: 0,
    noDelay: true,
    shouldUpgradeCallback: (request) => protocols.has(request.headers.upgrade?.toLowerCase() ?? ''),
  });
  server.maxConnections = limits.connections;
  const connections = trackConnections(server);
  const router = createRouter({
    serving,
    endpoints: endpointsOf(options),
    upgradeOf: (request) => upgrades.get(request),
    makeServer: (listener) => server.on('request', listener),
  });
  // read-body.ts says "continue" once the caller may send.
  server.on('checkContinue', (request, response) => server.emit('request', request, response));
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgrades.set(request, { socket, head });
    route(router.routing, request, socket);
  });

  const connect = async (identity: Identity) => {
    await router.ready();
    const [ours, theirs] = duplexPair();
    // The pair does not pass on that one side was destroyed; a socket would.
    theirs.once('close', () => ours.destroy());
    ours.once('close', () => theirs.push(null));
    inMemory.set(ours, identity);
    server.emit('connection', ours);
    return theirs;
  };
  const close = async () => {
    if (server.listening) server.close();
    server.closeIdleConnections();
    await Promise.all([connections.settled(limits.closeGraceMs), websockets.closeAll(limits.closeGraceMs)]);
    connections.destroyAll();
    server.close();
    await router.close();
  };
  const closeOnce = () => {
    closing ??= close();
    return closing;
  };
  return {
    async listen(address) {
      await router.ready();
      await listenOnUnixSocket(server, address);
    },
    accept(connection) {
      if (closing) connection.destroy();
      else server.emit('connection', connection);
    },
    connect,
    async inject({ identity, ...request }) {
      return injectOver(await connect(identity), request);
    },
    close: closeOnce,
    [Symbol.asyncDispose]: closeOnce,
  };
}

function endpointsOf<T extends RouteTable>({ routes, handlers }: HttpServerOptions<T>): Record<string, Endpoint> {
  const entries = Object.entries(routes).map(([key, route]): [string, Endpoint] => {
    const handler = handlers[key as keyof T & string] as unknown as AnyHandler;
    return [key, { path: key.slice(key.indexOf(' ') + 1), route, handler }];
  });
  return Object.fromEntries(entries);
}

/** Gives an upgrade request an ordinary response, so that it takes the same way and can be refused in the same words. */
function route(
  routing: (request: IncomingMessage, response: ServerResponse) => void,
  request: IncomingMessage,
  socket: Duplex,
): void {
  const response = new ServerResponse(request);
  response.assignSocket(socket as Exchange['request']['socket']);
  socket.on('error', () => socket.destroy());
  response.once('finish', () => socket.end(() => socket.destroy()));
  routing(request, response);
}
