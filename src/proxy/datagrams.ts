/** UDP: each client of a port gets a socket of its own towards the other side, as long as anything is said. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { type Endpoint, openDatagram, openListener, type Side } from '../host/proxy-sockets.ts';

const idleMs = 60_000;
/** Per port; the one that was silent longest makes room. */
const clientsAtMost = 1024;
/** What waits to be sent to a peer may grow to this; more is lost, as on any way of datagrams. */
const waitingBytes = 1024 * 1024;

type Client = { socket: Socket; timer: NodeJS.Timeout };

export async function openDatagramRelay(
  sides: { listen: Side; connect: Side },
  at: Endpoint,
  to: Endpoint,
  report: (problem: string) => void,
): Promise<AsyncDisposable> {
  if (!('host' in at) || !('host' in to)) throw new TypeError('datagrams go between addresses with ports');
  const clients = new Map<string, Client>();
  const server = await fromDescriptor(at.host, openListener(sides.listen, at, 'datagram', { uid: 0, gid: 0, mode: 0 }));
  const drop = (key: string) => {
    const client = clients.get(key);
    if (!client) return;
    clients.delete(key);
    clearTimeout(client.timer);
    client.socket.close();
  };
  const open = async (key: string, from: RemoteInfo): Promise<Client> => {
    const [oldest] = clients.keys();
    if (clients.size >= clientsAtMost && oldest !== undefined) drop(oldest);
    const socket = await fromDescriptor(to.host, openDatagram(sides.connect, to.host.includes(':') ? 'inet6' : 'inet'));
    socket.on('message', (message, sender) => {
      if (sender.port === to.port) send(server, message, from.port, from.address);
    });
    const client = { socket, timer: setTimeout(drop, idleMs, key).unref() };
    clients.set(key, client);
    return client;
  };
  // One after the other, so that two datagrams of a new client share one socket.
  const opening = new Map<string, Promise<Client>>();
  server.on('message', (message, from) => {
    const key = `${from.address} ${from.port}`;
    const known = clients.get(key);
    const client = known ?? opening.get(key);
    if (known) {
      known.timer.refresh();
      clients.delete(key);
      clients.set(key, known);
      send(known.socket, message, to.port, to.host);
      return;
    }
    const ready = client instanceof Promise ? client : open(key, from).finally(() => opening.delete(key));
    opening.set(key, ready);
    ready.then(
      ({ socket }) => send(socket, message, to.port, to.host),
      (error: unknown) => report((error as Error).message),
    );
  });
  return {
    async [Symbol.asyncDispose]() {
      for (const key of [...clients.keys()]) drop(key);
      server.close();
    },
  };
}

function send(socket: Socket, message: Buffer, port: number, address: string): void {
  try {
    // A peer that is not there answers by ICMP, which comes back as an error here: nobody's business.
    if (socket.getSendQueueSize() < waitingBytes) socket.send(message, port, address, () => {});
  } catch {
    // Closed meanwhile.
  }
}

async function fromDescriptor(host: string, fd: number): Promise<Socket> {
  const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4' });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ fd }, () => {
      socket.off('error', reject);
      resolve();
    });
  });
  socket.on('error', () => {});
  return socket;
}
