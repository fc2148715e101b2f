/** HTTP/1.1 over TLS to a server on the network. Each call has a connection of its own: whom we talk to is known first. */
import { type IncomingMessage, request } from 'node:http';
import { ClientError, unreachable } from './client-error.ts';
import { type HttpTransport, only, sendBody, upgradeHeaders } from './http-transport.ts';
import { connectSecurely } from './secure-connection.ts';

export type HttpsServer = {
  /** `https://host:port`. */
  url: string;
  pinned: string | undefined;
  own: { certificate: string; key: string } | undefined;
};

const timeoutMs = 20_000;

export function createHttpsTransport(server: HttpsServer): HttpTransport {
  const url = new URL(server.url);
  const refused = (error: unknown, signal: AbortSignal | undefined) =>
    signal?.aborted
      ? signal.reason
      : new ClientError(
          {
            status: 0,
            code: unreachable,
            params: { socket: url.origin },
            message: `Cannot reach ${url.origin}: ${(error as Error).message}`,
            help: 'gast remote list',
          },
          error,
        );
  const connection = (signal: AbortSignal | undefined, rest: { halfOpen?: true } = {}) =>
    connectSecurely({ ...server, url, timeoutMs, signal, ...rest }).catch((error: unknown) => {
      throw refused(error, signal);
    });
  return {
    socketPath: url.origin,
    async send({ method, path, headers, body, signal }) {
      const socket = await connection(signal);
      return new Promise<IncomingMessage>((resolve, reject) => {
        const call = request({
          createConnection: () => socket,
          method,
          path,
          headers: { Host: url.host, ...headers },
          ...only(signal),
        });
        call.on('response', resolve);
        call.on('error', (error) => reject(refused(error, signal)));
        sendBody(call, body, reject);
      });
    },
    async upgrade(path, { protocol, signal } = {}) {
      const socket = await connection(signal, { halfOpen: true });
      return new Promise((resolve, reject) => {
        const call = request({
          createConnection: () => socket,
          method: 'GET',
          path,
          headers: upgradeHeaders(url.host, protocol),
          ...only(signal),
        });
        call.on('upgrade', (_answer, upgraded, head) => resolve({ socket: upgraded, head }));
        call.on('response', resolve);
        call.on('error', (error) => reject(refused(error, signal)));
        call.end();
      });
    },
    [Symbol.dispose]: () => {},
  };
}
