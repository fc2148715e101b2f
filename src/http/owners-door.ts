/**
 * A second socket, open to every user of the host: owners of guests come in by it, who may not use the daemon's own. It is
 * there only as long as somebody owns something; who comes in is identified and judged as on the first one.
 */
import { rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { listenOnUnixSocket } from './unix-socket.ts';

/** Strangers must not take all descriptors of the daemon. */
const connections = 64;

export type OwnersDoor = AsyncDisposable & {
  /** Resolves when it is open or closed as `wanted` says; calls follow one another. */
  set(wanted: boolean): Promise<void>;
};

export function createOwnersDoor(socketPath: string, accept: (connection: Duplex) => void): OwnersDoor {
  let server: Server | undefined;
  let turn: Promise<void> = Promise.resolve();
  // What a daemon that was killed has left would lead nowhere.
  rmSync(socketPath, { force: true });
  const change = async (wanted: boolean) => {
    if (wanted === (server !== undefined)) return;
    if (server) {
      // Connections that are open end by themselves: their rights have gone.
      server.close();
      server = undefined;
      rmSync(socketPath, { force: true });
      return;
    }
    const opened = createServer(accept);
    opened.maxConnections = connections;
    await listenOnUnixSocket(opened, { socketPath, mode: 0o666 });
    server = opened;
  };
  const set = (wanted: boolean) => {
    turn = turn.catch(() => {}).then(() => change(wanted));
    return turn;
  };
  return { set, [Symbol.asyncDispose]: () => set(false).catch(() => {}) };
}
