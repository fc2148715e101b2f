/** Knows every open connection and running request, so that closing can wait for the one and end the other. */
import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';

export type Connections = {
  /** Resolves when no request runs any more, or after the time. */
  settled(timeoutMs: number): Promise<void>;
  destroyAll(): void;
};

export function trackConnections(server: Server): Connections {
  const sockets = new Set<Duplex>();
  let running = 0;
  let quiet: (() => void) | undefined;

  server.on('connection', (socket: Duplex) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('request', (_request, response) => {
    running += 1;
    response.once('close', () => {
      running -= 1;
      if (running === 0) quiet?.();
    });
  });
  return {
    settled(timeoutMs) {
      if (running === 0) return Promise.resolve();
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, timeoutMs);
      quiet = resolve;
      return promise.finally(() => clearTimeout(timer));
    },
    destroyAll() {
      for (const socket of sockets) socket.destroy();
    },
  };
}
