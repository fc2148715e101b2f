/** HTTP/1.1 over the daemon's unix socket. Connections are kept between calls, until disposed. */
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import { connectionError } from './client-error.ts';

export type HttpRequest = {
  method: string;
  path: string;
  headers?: Readonly<Record<string, string>> | undefined;
  body?: string | Uint8Array | Readable | undefined;
  signal?: AbortSignal | undefined;
};
export type UpgradeOptions = {
  /** @default websocket */
  protocol?: string | undefined;
  signal?: AbortSignal | undefined;
};
export type Upgraded = { socket: Duplex; head: Buffer };

export interface HttpTransport extends Disposable {
  readonly socketPath: string;
  send(call: HttpRequest): Promise<IncomingMessage>;
  /** Resolves with the raw connection, or with the ordinary answer when the server refused. */
  upgrade(path: string, options?: UpgradeOptions): Promise<Upgraded | IncomingMessage>;
}

export function createHttpTransport(socketPath: string): HttpTransport {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const fail = (error: NodeJS.ErrnoException, signal: AbortSignal | undefined) =>
    signal?.aborted ? signal.reason : connectionError(error, socketPath);

  return {
    socketPath,
    send: ({ method, path, headers, body, signal }) =>
      new Promise((resolve, reject) => {
        const call = request({
          socketPath,
          agent,
          method,
          path,
          headers: { Host: 'unix.socket', ...headers },
          ...only(signal),
        });
        call.on('response', resolve);
        call.on('error', (error) => reject(fail(error, signal)));
        sendBody(call, body, reject);
      }),
    upgrade: (path, { protocol, signal } = {}) =>
      new Promise((resolve, reject) => {
        const call = request({
          // What comes after the upgrade may end in one direction only.
          createConnection: () => connect({ path: socketPath, allowHalfOpen: true }),
          method: 'GET',
          path,
          headers: upgradeHeaders('unix.socket', protocol),
          ...only(signal),
        });
        call.on('upgrade', (_answer, socket, head) => resolve({ socket, head }));
        call.on('response', resolve);
        call.on('error', (error) => reject(fail(error, signal)));
        call.end();
      }),
    [Symbol.dispose]: () => agent.destroy(),
  };
}

/** A body that cannot be read to its end ends the call: half of it must not pass for the whole. */
export function sendBody(call: ClientRequest, body: HttpRequest['body'], reject: (error: Error) => void): void {
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
    call.end(body);
    return;
  }
  body.on('error', (error) => {
    call.destroy();
    reject(error);
  });
  body.pipe(call);
}

/** An empty `servername` keeps the agent from guessing one for TLS, which compiles the pattern of IPv6: 8 ms, measured. */
export const only = (signal: AbortSignal | undefined) =>
  signal === undefined ? { servername: '' } : { servername: '', signal };

/** The key only guards against caches between the two ends; on a unix socket there are none, so node:crypto stays unloaded. */
export function upgradeHeaders(host: string, protocol = 'websocket'): Record<string, string> {
  const headers = { Host: host, Connection: 'Upgrade', Upgrade: protocol };
  if (protocol !== 'websocket') return headers;
  const key = Buffer.from(Array.from({ length: 16 }, () => Math.floor(Math.random() * 256))).toString('base64');
  return { ...headers, 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': key };
}
