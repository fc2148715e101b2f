/** Connections of this process to ports of guests: a socket of the guest's network namespace that is used out here. */
import { Socket } from 'node:net';
import type { Proxies } from '../core/ports/proxies.ts';
import { openNetworkNamespace } from '../host/netns.ts';
import { openConnection, type Side } from '../host/proxy-sockets.ts';
import { HostError } from '../lib/host-error.ts';

/** An address that swallows packets is given up. */
const timeoutMs = 10_000;

export const connectToGuest: Proxies['connect'] = async ({ pid }, { addresses, port }, signal) => {
  using namespace = openNetworkNamespace(pid);
  let first: unknown;
  for (const host of addresses) {
    signal?.throwIfAborted();
    try {
      return await connected({ namespace }, host, port, signal);
    } catch (error) {
      first ??= error;
    }
  }
  throw first ?? new HostError('there is no address to connect to');
};

function connected(side: Side, host: string, port: number, signal: AbortSignal | undefined): Promise<Socket> {
  const fd = openConnection(side, { host, port }, undefined);
  const socket = new Socket({ fd, allowHalfOpen: true, readable: true, writable: true });
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const refuse = (error: NodeJS.ErrnoException) => {
    socket.on('error', () => {});
    socket.destroy();
    reject(new HostError(`connect to ${host}: ${error.code}`, { errno: error.code ?? '', cause: error }));
  };
  const aborted = () => refuse(Object.assign(new Error('aborted'), { code: 'ECANCELED' }));
  const timer = setTimeout(() => refuse(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })), timeoutMs);
  signal?.addEventListener('abort', aborted, { once: true });
  socket.once('error', refuse);
  // Node knows nothing of a descriptor that is still connecting; the kernel lets nothing be written before, not even nothing.
  socket.write('', (error) => {
    if (!error) resolve(socket.setNoDelay(true));
  });
  return promise.finally(() => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', aborted);
    socket.off('error', refuse);
  });
}
