/**
 * Which daemon of this host is meant: the one that GASTHOF_SOCKET or GASTHOF_DIR names; for root the system's; for anybody
 * else the own one as soon as there is one, so that guests never vanish from sight, then the system's where this user
 * may use it (group `gasthof`), and without that an own one, which is made when it is needed.
 */
export type SocketSurroundings = {
  env: Readonly<Record<string, string | undefined>>;
  uid: number;
  /** Whether this user could connect to the socket at that path. */
  usable(path: string): boolean;
  exists(path: string): boolean;
};

export type LocalServer = {
  socketPath: string;
  /** Undefined when only a socket was named. */
  directory: string | undefined;
  whose: 'named' | 'system' | 'own';
  /** Directories of the daemons that could have been meant instead. */
  others: string[];
};

export const systemDirectory = '/var/lib/gasthof';
const socketOf = (directory: string) => `${directory}/unix.socket`;

export function findLocalServer({ env, uid, usable, exists }: SocketSurroundings): LocalServer {
  if (env.GASTHOF_SOCKET) return { socketPath: env.GASTHOF_SOCKET, directory: undefined, whose: 'named', others: [] };
  if (env.GASTHOF_DIR) return at(env.GASTHOF_DIR.replace(/\/+$/, ''), 'named');
  const home = env.XDG_DATA_HOME || (env.HOME ? `${env.HOME}/.local/share` : undefined);
  if (uid === 0 || home === undefined) return at(systemDirectory, 'system');
  const own = `${home}/gasthof`;
  const system = usable(socketOf(systemDirectory)) ? [systemDirectory] : [];
  if (exists(`${own}/gasthof.db`)) return at(own, 'own', system);
  return system.length > 0 ? at(systemDirectory, 'system') : at(own, 'own');
}

const at = (directory: string, whose: LocalServer['whose'], others: string[] = []): LocalServer => ({
  socketPath: socketOf(directory),
  directory,
  whose,
  others,
});
