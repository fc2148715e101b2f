/**
 * Identity of callers over TLS: the certificate that they showed in the handshake, which proves that they have its key. The
 * trust store is asked at every request, so that trust given or taken holds at once on open connections; streams, which ask
 * nothing any more, are ended.
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
type Peer = { shown: Shown; address: string; rights: string | undefined };

export type TlsIdentifier = {
  /** Undefined for connections that are not over TLS. */
  identify(request: IncomingMessage): Identity | undefined;
  /** After a change of the trust store: streams of those who have lost rights, or got others, end. */
  recheck(): void;
};

/** So that the answer to a client that removes itself still goes out. */
const graceMs = 1_000;

export function createTlsIdentifier(lookUp: TrustLookup, now: () => Date): TlsIdentifier {
  const peers = new Map<TLSSocket, Peer>();
  const meet = (socket: TLSSocket): Peer => {
    const peer: Peer = { ...look(socket), rights: undefined };
    if (socket.destroyed) return peer;
    peers.set(socket, peer);
    socket.once('close', () => peers.delete(socket));
    return peer;
  };
  const trusted = (shown: NonNullable<Shown>): TrustedCertificate | undefined => {
    const at = now().getTime();
    return at < shown.from || at > shown.until ? undefined : lookUp(shown.fingerprint);
  };
  return {
    identify({ socket }) {
      if (!(socket instanceof TLSSocket)) return undefined;
      const peer = peers.get(socket) ?? meet(socket);
      const { shown, address } = peer;
      const stranger: Identity = { username: '', protocol: 'tls', address, trusted: false };
      if (shown === undefined) return stranger;
      const identity = { ...stranger, username: shown.fingerprint, certificate: shown.certificate };
      const entry = trusted(shown);
      if (entry === undefined) return identity;
      peer.rights = rightsOf(entry);
      if (entry.type === 'metrics') return { ...identity, only: 'metrics' };
      return { ...identity, trusted: true, ...(entry.restricted ? { projects: entry.projects } : {}) };
    },
    recheck() {
      for (const [socket, { shown, rights }] of peers) {
        if (shown === undefined || rights === undefined) continue;
        const entry = trusted(shown);
        if (entry === undefined || rightsOf(entry) !== rights) setTimeout(() => socket.destroy(), graceMs).unref();
      }
    },
  };
}

const rightsOf = ({ type, restricted, projects }: TrustedCertificate) =>
  JSON.stringify([type, restricted, restricted ? [...projects].sort() : []]);

function look(socket: TLSSocket): Pick<Peer, 'shown' | 'address'> {
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
