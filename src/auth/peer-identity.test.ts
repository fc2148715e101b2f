import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { createPeerIdentifier, type PeerLookup } from './peer-identity.ts';

type Peer = { uid: number; gid: number; groups: number[] };

function identityOf(peer: Peer, allowedGids: number[] = [], daemonUid = 500) {
  const lookup: PeerLookup = {
    descriptorOf: () => 7,
    peerCredentials: () => peer,
    userName: (uid) => (uid === 1000 ? 'anna' : undefined),
    groupName: (gid) => ({ 4: 'adm', 1000: 'anna' })[gid],
  };
  return createPeerIdentifier(lookup, { uid: daemonUid, allowedGids })({ socket: {} } as IncomingMessage);
}

test('the daemon itself and members of the allowed groups are trusted, others are not', () => {
  assert.equal(identityOf({ uid: 0, gid: 0, groups: [] }, [], 0)?.trusted, true);
  // Root of an ordinary user's namespaces is the root of that user's guests.
  assert.equal(identityOf({ uid: 0, gid: 0, groups: [] })?.trusted, false);
  assert.equal(identityOf({ uid: 500, gid: 500, groups: [] })?.trusted, true);
  assert.equal(identityOf({ uid: 1000, gid: 1000, groups: [4, 27] }, [27])?.trusted, true);
  assert.equal(identityOf({ uid: 1000, gid: 27, groups: [] }, [27])?.trusted, true);
  assert.equal(identityOf({ uid: 1000, gid: 1000, groups: [4, 27] })?.trusted, false);
  // 65534 is what the kernel shows for users outside the daemon's namespace.
  assert.equal(identityOf({ uid: 65534, gid: 65534, groups: [65534] })?.trusted, false);
});

test('the name is that of the user database, or the number', () => {
  assert.equal(identityOf({ uid: 1000, gid: 0, groups: [] })?.username, 'anna');
  assert.equal(identityOf({ uid: 4711, gid: 0, groups: [] })?.username, '4711');
});

test('who is not trusted is known with the names of the groups, for guests to name as owner', () => {
  assert.deepEqual(identityOf({ uid: 1000, gid: 1000, groups: [4, 27, 4] })?.local, {
    uid: 1000,
    name: 'anna',
    groups: ['anna', 'adm'],
  });
  assert.equal(identityOf({ uid: 1000, gid: 1000, groups: [27] }, [27])?.local, undefined);
});

test('a connection is asked once; a closed one has no identity', () => {
  let asked = 0;
  const peerCredentials = () => {
    asked += 1;
    return { uid: 0, gid: 0, groups: [] };
  };
  const socket = {};
  const lookup: PeerLookup = {
    descriptorOf: (one) => (one === socket ? 3 : undefined),
    peerCredentials,
    userName: () => 'root',
    groupName: () => undefined,
  };
  const identify = createPeerIdentifier(lookup, { uid: 0 });
  identify({ socket } as IncomingMessage);
  identify({ socket } as IncomingMessage);
  assert.equal(asked, 1);
  assert.equal(identify({ socket: {} } as IncomingMessage), undefined);
});
