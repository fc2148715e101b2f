/**
 * Identity of callers over TLS: the certificate that they showed in the handshake, which proves that they have its key. The
 * trust store is asked at every request, so that trust given or taken holds at once on open connections.
 */
import { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { Identity } from '../api/handlers.ts';
import { fingerprintOf } from '../lib/self-signed-certificate.ts';

/** What this file needs of a certificate in the trust store. */
export type TrustedCertificate = { type: 'client' | 'server' | 'metrics'; restricted: boolean; projects: string[] };
export type TrustLookup = (fingerprint: string) => TrustedCertificate | undefined;

type Shown = { certificate: string; fingerprint: string; from: number; until: number } | undefined;

/** Undefined for connections that are not over TLS. */
export function createTlsIdentifier(
  lookUp: TrustLookup,
  now: () => Date,
): (request: IncomingMessage) => Identity | undefined {
  const known = new WeakMap<TLSSocket, { shown: Shown; address: string }>();
  return ({ socket }) => {
    if (!(socket instanceof TLSSocket)) return undefined;
    const seen = known.get(socket) ?? look(socket);
    known.set(socket, seen);
    const { shown, address } = seen;
    const stranger: Identity = { username: '', protocol: 'tls', address, trusted: false };
    if (shown === undefined) return stranger;
    const identity = { ...stranger, username: shown.fingerprint, certificate: shown.certificate };
    const entry = lookUp(shown.fingerprint);
    const at = now().getTime();
    if (entry === undefined || at < shown.from || at > shown.until) return identity;
    if (entry.type === 'metrics') return { ...identity, only: 'metrics' };
    return { ...identity, trusted: true, ...(entry.restricted ? { projects: entry.projects } : {}) };
  };
}

function look(socket: TLSSocket): { shown: Shown; address: string } {
  const address = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  const peer = socket.getPeerX509Certificate();
  // An empty object is what Node gives for a connection without one.
  if (!(peer instanceof X509Certificate)) return { shown: undefined, address };
  return {
    address,
    shown: {
      certificate: peer.toString(),
      fingerprint: fingerprintOf(peer.raw),
      from: peer.validFromDate.getTime(),
      until: peer.validToDate.getTime(),
    },
  };
}
