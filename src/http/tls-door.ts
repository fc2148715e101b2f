/**
 * The HTTPS door: accepts TLS connections and hands them to the HTTP server. Who comes without a certificate is let in as a
 * stranger; what is public is decided later. Peers that are slow or speak no TLS cost a socket for some seconds.
 */
import type { Duplex } from 'node:stream';
import { createServer, type Server } from 'node:tls';
import type { HttpsDoor } from '../core/ports/https-door.ts';
import type { OwnCertificate } from '../core/ports/own-certificate.ts';
import { HostError } from '../lib/host-error.ts';
import { formatListenAddress, type ListenAddress, parseListenAddress } from '../lib/listen-address.ts';

export type TlsDoorOptions = {
  own(): OwnCertificate;
  /** Time for the whole handshake. @default 10000 */
  handshakeTimeoutMs?: number;
  /** @default 1024 */
  connections?: number;
  /** Opens a listening socket and returns its descriptor, when the daemon's own network is not where clients are. */
  openListener?: ((address: { host: string; port: number }) => number) | undefined;
};

/** A peer that vanished without a word is noticed after some minutes. */
const keepAliveInitialDelay = 30_000;

export function createTlsDoor({
  own,
  handshakeTimeoutMs = 10_000,
  connections = 1024,
  openListener,
}: TlsDoorOptions): HttpsDoor & AsyncDisposable {
  let accept: (connection: Duplex) => void = (connection) => connection.destroy();
  let open: { address: ListenAddress; server: Server } | undefined;

  const openAt = async (address: ListenAddress) => {
    const { certificate, key } = own();
    const server = createServer({
      cert: certificate,
      key,
      minVersion: 'TLSv1.3',
      ALPNProtocols: ['http/1.1'],
      requestCert: true,
      // Nobody signs the certificates of clients: the trust store knows them by fingerprint.
      rejectUnauthorized: false,
      handshakeTimeout: handshakeTimeoutMs,
      keepAlive: true,
      keepAliveInitialDelay,
      noDelay: true,
      // As plain connections of the HTTP server: one that became a stream may end in one direction only.
      allowHalfOpen: true,
    });
    server.maxConnections = connections;
    server.on('secureConnection', (connection) => accept(connection));
    // The handshake failed: nobody can be told, and it is no news on an open network.
    server.on('tlsClientError', (_error, connection) => connection.destroy());
    await bind(server, address, openListener);
    open = { address, server };
  };
  const close = () => {
    // The callback only comes with the last connection.
    open?.server.close();
    open = undefined;
  };
  const move = async (text: string | undefined) => {
    const wanted = text === undefined ? undefined : parsed(text);
    const before = open;
    if (wanted === undefined) return close();
    if (before && formatListenAddress(before.address) === formatListenAddress(wanted)) return;
    // With another host and the same port, the old listener may be what is in the way.
    if (before?.address.port === wanted.port) close();
    try {
      await openAt(wanted);
    } catch (error) {
      if (before && !open) await openAt(before.address);
      throw error;
    }
    before?.server.close();
  };
  let last: Promise<void> = Promise.resolve();

  return {
    get address() {
      return open && formatListenAddress(open.address);
    },
    move(address) {
      const next = last.then(() => move(address));
      last = next.catch(() => {});
      return next;
    },
    serve(next) {
      accept = next;
    },
    async [Symbol.asyncDispose]() {
      await last;
      close();
    },
  };
}

function parsed(text: string): ListenAddress {
  const address = parseListenAddress(text);
  if (!address) throw new HostError(`"${text}" is no address to listen on`);
  return address;
}

const reasons: Record<string, string> = {
  EADDRINUSE: 'another program listens there',
  EADDRNOTAVAIL: 'this host does not have the address',
  EAFNOSUPPORT: 'this host does not speak this kind of address',
  EACCES: 'the daemon may not use this port',
  ENOTFOUND: 'there is no such host name',
};

function bind(
  server: Server,
  { host, port }: ListenAddress,
  openListener: TlsDoorOptions['openListener'],
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const refused = (error: NodeJS.ErrnoException) => {
    const shown = formatListenAddress({ host, port });
    const reason = reasons[error.code ?? ''] ?? error.message;
    const given = error instanceof HostError ? error.help : undefined;
    const help = given ?? 'Choose another address in core.https_address, or free this one';
    reject(new HostError(`cannot listen on ${shown}: ${reason}`, { errno: error.code ?? '', help, cause: error }));
  };
  server.once('error', refused);
  try {
    const place = openListener ? { fd: openListener({ host: host || '::', port }) } : { port, ...(host && { host }) };
    server.listen(place, () => {
      server.off('error', refused);
      // Failed accepts (no descriptor left) must not end the process.
      server.on('error', () => {});
      resolve();
    });
  } catch (error) {
    refused(Object.assign(error as Error, { code: (error as HostError).errno ?? '' }));
  }
  return promise;
}
