/** Carries connections for one proxy: listens on one side, connects to the other, for every port of it. */
import { createServer, type Server, Socket } from 'node:net';
import { ownNetwork, type ProxySpec } from '../core/ports/proxies.ts';
import { type NetworkNamespace, openNetworkNamespace, openOwnNetworkNamespace } from '../host/netns.ts';
import { type Endpoint, openConnection, openListener, removeSocketPath, type Side } from '../host/proxy-sockets.ts';
import { joinStreams } from '../lib/join-streams.ts';
import type { ProxyAddress } from '../lib/proxy-address.ts';
import { openDatagramRelay } from './datagrams.ts';
import { greeting } from './proxy-protocol.ts';

export type Relay = AsyncDisposable;

/** One proxy may have so many connections at a time; more wait in the kernel's queue. */
const connectionsAtMost = 16_384;

type Sides = { listen: Side; connect: Side };

/** Resolves when it listens everywhere. */
export async function openRelay(spec: ProxySpec, report: (problem: string) => void): Promise<Relay> {
  await using parts = new AsyncDisposableStack();
  const namespace = parts.use(spec.pid === ownNetwork ? openOwnNetworkNamespace() : openNetworkNamespace(spec.pid));
  const sides = sidesOf(spec, namespace);
  const listenAt = endpoints(spec.listen);
  const connectTo = endpoints(targetOf(spec));
  for (const [index, at] of listenAt.entries()) {
    const to = connectTo[connectTo.length === 1 ? 0 : index];
    if (!to) continue;
    if (spec.listen.kind === 'udp') parts.use(await openDatagramRelay(sides, at, to, report));
    else parts.use(await openStreamRelay(spec, sides, at, to, report));
  }
  const whole = parts.move();
  return { [Symbol.asyncDispose]: () => whole.disposeAsync() };
}

function sidesOf({ side, pid, range }: ProxySpec, namespace: NetworkNamespace): Sides {
  const guest: Side = { namespace, guest: { pid, owner: range.base } };
  return side === 'guest' ? { listen: guest, connect: {} } : { listen: {}, connect: guest };
}

/** What root's daemon does by address translation goes to the guest's own address, too. */
function targetOf({ connect, nat }: ProxySpec): ProxyAddress {
  if (!nat || connect.kind === 'unix') return connect;
  const own = { '0.0.0.0': nat.ipv4, '::': nat.ipv6 }[connect.host];
  return own === undefined ? connect : { ...connect, host: own };
}

function endpoints(address: ProxyAddress): Endpoint[] {
  return address.kind === 'unix' ? [address] : address.ports.map((port) => ({ host: address.host, port }));
}

async function openStreamRelay(
  spec: ProxySpec,
  sides: Sides,
  at: Endpoint,
  to: Endpoint,
  report: (problem: string) => void,
): Promise<AsyncDisposable> {
  const open = new Set<Socket>();
  const as = connectsAs(spec);
  const fd = openListener(sides.listen, at, 'stream', spec.socket);
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    let peer: Socket;
    try {
      peer = new Socket({
        fd: openConnection(sides.connect, to, as),
        allowHalfOpen: true,
        readable: true,
        writable: true,
      });
    } catch (error) {
      client.on('error', () => {});
      client.destroy();
      report(`${spec.device}: ${(error as Error).message}`);
      return;
    }
    for (const socket of [client, peer]) {
      open.add(socket);
      socket.once('close', () => open.delete(socket));
    }
    if (spec.proxyProtocol) peer.write(greeting(client));
    peer.setNoDelay(true);
    joinStreams(client, peer);
  });
  server.maxConnections = connectionsAtMost;
  await listening(server, fd);
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      if ('path' in at && !at.abstract) removeSocketPath(sides.listen, at.path);
    },
  };
}

/** Inside the guest everybody is somebody of the guest; who is not named is its root. */
function connectsAs({ side, connectAs, range, connect }: ProxySpec): { uid: number; gid: number } | undefined {
  if (connect.kind !== 'unix') return undefined;
  if (side === 'guest') return connectAs;
  return { uid: range.base + (connectAs?.uid ?? 0), gid: range.base + (connectAs?.gid ?? 0) };
}

function listening(server: Server, fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ fd }, () => {
      server.off('error', reject);
      // Out of descriptors, for example: the next connection may work again.
      server.on('error', () => {});
      resolve();
    });
  });
}
