/** Binds a unix socket: replaces what a dead daemon left behind, refuses to push a living one aside. */
import { chmodSync, chownSync, lstatSync, unlinkSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { HostError } from '../lib/host-error.ts';

export type UnixAddress = {
  socketPath: string;
  mode: number;
  /** Group that owns the socket, besides the daemon's own. */
  gid?: number;
};

/** The kernel's `sun_path` holds 108 bytes with the closing zero. */
const maxPathBytes = 107;

export async function listenOnUnixSocket(server: Server, { socketPath, mode, gid }: UnixAddress): Promise<void> {
  if (Buffer.byteLength(socketPath) > maxPathBytes) {
    throw new HostError(`the socket path ${socketPath} is longer than ${maxPathBytes} bytes`, {
      help: 'Choose a shorter directory in GASTHOF_DIR',
    });
  }
  await clearStale(socketPath);
  await bind(server, socketPath);
  if (gid !== undefined) chownSync(socketPath, -1, gid);
  chmodSync(socketPath, mode);
}

async function clearStale(socketPath: string): Promise<void> {
  const found = lstatSync(socketPath, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new HostError(`${socketPath} is in the way: it is not a socket`, { help: 'Move it away' });
  }
  if (await answers(socketPath)) {
    throw new HostError(`another daemon is listening on ${socketPath}`, {
      help: 'Use that one, stop it, or choose another GASTHOF_DIR',
    });
  }
  unlinkSync(socketPath);
}

function answers(socketPath: string): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const probe = connect(socketPath);
  probe.once('connect', () => resolve(true));
  probe.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
    // A full backlog means that somebody is there but slow.
    else if (error.code === 'EAGAIN') resolve(true);
    else reject(new HostError(`cannot look at ${socketPath}: ${error.message}`, { cause: error }));
  });
  return promise.finally(() => probe.destroy());
}

/** The socket must never be open to others between bind and chmod, so the mask is closed while `listen` binds. */
function bind(server: Server, socketPath: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const refused = (error: Error) =>
    reject(new HostError(`cannot listen on ${socketPath}: ${error.message}`, { cause: error }));
  server.once('error', refused);
  const mask = process.umask(0o177);
  try {
    // libuv binds a path synchronously inside this call.
    server.listen(socketPath, () => {
      server.off('error', refused);
      resolve();
    });
  } finally {
    process.umask(mask);
  }
  return promise;
}
