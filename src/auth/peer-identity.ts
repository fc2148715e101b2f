/** Identity and trust of callers on the unix socket: the kernel vouches for them, there is nothing to send. */
import type { IncomingMessage } from 'node:http';
import type { Identity } from '../api/handlers.ts';

/** What this file needs from the host room. */
export type PeerLookup = {
  descriptorOf(socket: object): number | undefined;
  peerCredentials(fd: number): { uid: number; gid: number; groups: number[] };
  userName(uid: number): string | undefined;
  groupName(gid: number): string | undefined;
};

export type PeerIdentifierOptions = {
  /** The daemon's own user. */
  uid: number;
  /** Members are trusted too, as with the groups incus-admin and lxd. */
  allowedGids?: readonly number[];
};

/** Gives the identity of a request that came over the unix socket; it is looked up once per connection. */
export function createPeerIdentifier(
  lookup: PeerLookup,
  { uid: daemonUid, allowedGids = [] }: PeerIdentifierOptions,
): (request: IncomingMessage) => Identity | undefined {
  const known = new WeakMap<object, Identity>();
  const names = new Map<number, string>();
  const nameOf = (uid: number) => {
    const name = names.get(uid) ?? lookup.userName(uid) ?? String(uid);
    names.set(uid, name);
    return name;
  };
  return ({ socket }) => {
    const before = known.get(socket);
    if (before !== undefined) return before;
    const fd = lookup.descriptorOf(socket);
    if (fd === undefined) return undefined;
    const { uid, gid, groups } = lookup.peerCredentials(fd);
    const isMember = allowedGids.some((allowed) => allowed === gid || groups.includes(allowed));
    // Root of the host is nobody to the daemon of an ordinary user, where uid 0 is a guest's.
    const trusted = uid === daemonUid || isMember;
    const username = nameOf(uid);
    const names = [gid, ...groups].map((one) => lookup.groupName(one)).filter((name) => name !== undefined);
    const local = trusted ? {} : { local: { uid, name: username, groups: [...new Set(names)] } };
    const identity: Identity = { username, protocol: 'unix', address: '@', trusted, ...local };
    known.set(socket, identity);
    return identity;
  };
}
