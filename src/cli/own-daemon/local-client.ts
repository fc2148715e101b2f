/** The client of the daemon on this host. An ordinary user's own daemon is started by the first call that finds nobody. */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { type Client, type ClientOptions, createClient } from '../../client/client.ts';
import { createHttpTransport, type HttpTransport } from '../../client/http-transport.ts';
import { findLocalServer, type LocalServer, systemDirectory } from '../../client/socket-path.ts';
import { type Caller, nobodyListens } from './caller.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export const localServer = (env: Environment, uid: number): LocalServer =>
  findLocalServer({ env, uid, usable, exists: existsSync });

/** `mayStart`: false for calls that only ask whether there is a daemon. */
export function createLocalClient(
  caller: Caller,
  options: Omit<ClientOptions, 'socketPath' | 'transport'>,
  mayStart = true,
): Client {
  const server = localServer(caller.env, caller.uid);
  const { socketPath } = server;
  const plain = createHttpTransport(socketPath);
  const isWanted = mayStart && !caller.env.GASTHOF_NO_START && startable(server, caller.uid);
  return createClient({ ...options, socketPath, transport: isWanted ? waking(plain, server, caller) : plain });
}

/** A daemon that this user may start: never as root, and never in somebody else's directory. */
export function startable({ directory }: LocalServer, uid: number): boolean {
  if (uid === 0 || directory === undefined || directory === systemDirectory) return false;
  try {
    return (statSync(directory, { throwIfNoEntry: false })?.uid ?? uid) === uid;
  } catch {
    return false; // On the way there is a directory of others.
  }
}

/** Asked before the first call, because what a call sends can often be read only once. */
function waking(plain: HttpTransport, server: LocalServer, caller: Caller): HttpTransport {
  let awake: Promise<void> | undefined;
  const wake = async () => {
    if (!(await nobodyListens(server.socketPath))) return;
    const { startDaemon } = await import('./start-daemon.ts');
    await startDaemon(server.directory ?? '', caller);
  };
  const once = () => {
    awake ??= wake();
    return awake;
  };
  return {
    socketPath: plain.socketPath,
    send: (call) => once().then(() => plain.send(call)),
    upgrade: (path, signal) => once().then(() => plain.upgrade(path, signal)),
    [Symbol.dispose]: () => plain[Symbol.dispose](),
  };
}

function usable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
