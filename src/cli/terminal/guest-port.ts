/** Connections from here to a port of a guest, wherever its server is: of programs that connect here, or of these streams. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ClientError } from '../../client/client-error.ts';
import { joinStreams } from '../../lib/join-streams.ts';
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import type { PortWords } from '../objects/port-words.ts';

export type GuestPort = { guest: string; port: number; address?: string | undefined };

export const dialGuest = (context: Context, { guest, port, address }: GuestPort): Promise<Duplex> =>
  context.client.upgrade('GET /1.0/instances/{name}/connect', 'tcp', {
    params: { name: guest },
    query: { port: String(port), ...(address ? { address } : {}) },
  });

/** Said now, not when the first connection comes. */
export async function mustRun(context: Context, guest: string): Promise<void> {
  const { status } = await context.client.call('GET /1.0/instances/{name}', { params: { name: guest } });
  if (status !== 'Running') throw new CliError(`${guest} is not running: ${status}`, { help: `gast start ${guest}` });
}

export type Listening = AsyncDisposable & { address: string };

/** Listens here; each connection is handed to `dial`, and what cannot be reached is told and cut. */
export async function listenHere(
  context: Context,
  { host, port }: { host: string; port: number },
  dial: (client: Socket) => Promise<Duplex | undefined>,
): Promise<Listening> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, async (client) => {
    open.add(client);
    client.on('error', () => {});
    client.once('close', () => open.delete(client));
    try {
      const inside = await dial(client);
      if (inside) joinStreams(client, inside);
    } catch (error) {
      context.say(`${context.texts('error')}: ${(error as Error).message}`);
      client.resetAndDestroy();
    }
  });
  server.listen({ host, port });
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CliError(`Cannot listen on ${host}:${port}: ${reasons[code ?? ''] ?? code}`, {
      help: 'with 0 as its number, a free port is taken',
    });
  }
  const bound = server.address() as AddressInfo;
  return {
    address: bound.family === 'IPv6' ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const client of open) client.destroy();
    },
  };
}

const reasons: Record<string, string> = {
  EADDRINUSE: 'another program listens there',
  EADDRNOTAVAIL: 'this computer does not have the address',
  EACCES: 'you may not use this port',
};

/** Until Ctrl-C or a request to end. */
export async function untilInterrupted(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  await promise;
}

/** What stands in the table that is printed. */
export const wayText = (address: string, guest: string, { port }: PortWords): string =>
  `${address} -> ${guest}:${port}\n`;

/** This process's own streams; until the guest ends the connection. */
export async function streamGuest(context: Context, to: GuestPort): Promise<void> {
  const { stdin, stdout } = context.streams;
  const inside = await dialGuest(context, to);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  inside.once('close', resolve);
  inside.once('error', (error: Error) => reject(new CliError(`The connection was lost: ${error.message}`)));
  // `| head` has enough.
  stdout.once('error', () => inside.destroy());
  inside.pipe(stdout, { end: false });
  inside.once('end', resolve);
  stdin.pipe(inside);
  try {
    await promise;
  } finally {
    // A pipe or terminal that is still open must not keep this process alive.
    stdin.unpipe(inside);
    stdin.destroy();
    inside.destroy();
  }
}

export const isNobodyThere = (error: unknown): error is ClientError =>
  error instanceof ClientError && error.code === 'instance.port';
