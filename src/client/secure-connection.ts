/**
 * One TLS connection, given only when the server has shown that it is the right one: nothing of ours, not even a request
 * line, is written before. Used by the command line and by the daemon for other servers.
 */
import { X509Certificate } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect, getCACertificates, type TLSSocket } from 'node:tls';

export type SecureTarget = {
  url: URL;
  /** PEM text of the certificate that it has to show; without it the host's authorities decide. */
  pinned: string | undefined;
  /** What we show when asked. */
  own: { certificate: string; key: string } | undefined;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
  /** It may end in one direction only: for connections that become streams. */
  halfOpen?: true;
  /** Makes the connection below; it may still be connecting. Without it, it is made in our own network. */
  reach?: ((host: string, port: number) => Promise<Socket>) | undefined;
  /** Take any certificate: for looking at it only. */
  anybody?: true;
};

/** A peer that is gone without a word is noticed after some minutes. */
const keepAliveMs = 30_000;

/** Rejects with an `Error` whose text is the reason, or with the signal's. */
export async function connectSecurely(target: SecureTarget): Promise<TLSSocket> {
  const { url, pinned, own, timeoutMs, signal, anybody, halfOpen } = target;
  signal?.throwIfAborted();
  const expected = pinned === undefined ? undefined : pinnedBytes(pinned);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port || 443);
  const below = await target.reach?.(host, port).catch((cause: Error) => {
    throw new Error(reasonOf(cause), { cause });
  });
  const socket = connect({
    ...(below === undefined ? { host, port } : { socket: below }),
    // RFC 6066: a name, never an address.
    ...(isIP(host) ? {} : { servername: host }),
    ALPNProtocols: ['http/1.1'],
    minVersion: 'TLSv1.2',
    ...(halfOpen ? { allowHalfOpen: true } : {}),
    ...(expected === undefined ? { ca: authorities() } : {}),
    rejectUnauthorized: expected === undefined && anybody === undefined,
    ...(own === undefined ? {} : { cert: own.certificate, key: own.key }),
  } satisfies ConnectionOptions & { allowHalfOpen?: boolean });
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
  const aborted = () => reject(signal?.reason);
  signal?.addEventListener('abort', aborted, { once: true });
  const ended = () => reject(new Error('it ended the connection during the TLS handshake'));
  socket.once('error', (error) => reject(new Error(reasonOf(error), { cause: error })));
  socket.once('close', ended);
  socket.once('secureConnect', () => {
    if (expected && !socket.getPeerCertificate().raw?.equals(expected)) {
      reject(new Error('it shows another certificate than the one that it is known by'));
    } else resolve(socket);
  });
  try {
    const connected = await promise;
    connected.setKeepAlive(true, keepAliveMs);
    return connected;
  } catch (error) {
    socket.on('error', () => {});
    socket.destroy();
    below?.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', aborted);
    socket.off('close', ended);
  }
}

function pinnedBytes(pinned: string): Buffer {
  try {
    return new X509Certificate(pinned).raw;
  } catch (cause) {
    throw new Error(`the certificate that it is known by is none: ${(cause as Error).message}`, { cause });
  }
}

let known: string[] | undefined;
/**
 * The host's authorities and those of NODE_EXTRA_CA_CERTS; Node's own list when the host has none. Reading them takes a
 * fifth of a second, so it happens once and only when needed.
 */
function authorities(): string[] {
  if (known === undefined) {
    const system = getCACertificates('system');
    const ordinary = system.length > 0 ? system : getCACertificates('bundled');
    known = [...new Set([...ordinary, ...getCACertificates('extra')])];
  }
  return known;
}

const reasons: Record<string, string> = {
  ECONNREFUSED: 'nobody listens there',
  ECONNRESET: 'it ended the connection',
  EHOSTUNREACH: 'there is no way to this address',
  ENETUNREACH: 'there is no way to this network',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'its name cannot be looked up now',
  ETIMEDOUT: 'no answer',
};

/** With several addresses per name, the error is a list of errors. */
export function reasonOf(error: Error & { code?: string; errors?: Error[] }): string {
  const first = error.errors?.[0];
  if (first) return reasonOf(first);
  return reasons[error.code ?? ''] ?? error.message;
}
