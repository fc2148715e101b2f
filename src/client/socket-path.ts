/** Where the daemon listens: `$GASTHOF_DIR/unix.socket`; without it the system's directory, or a user's own. */
export type SocketSurroundings = {
  env: Readonly<Record<string, string | undefined>>;
  uid: number;
  /** Whether this user could connect to the socket at that path. */
  usable(path: string): boolean;
};

const systemDirectory = '/var/lib/gasthof';

export function findSocketPath({ env, uid, usable }: SocketSurroundings): string {
  if (env.GASTHOF_SOCKET) return env.GASTHOF_SOCKET;
  if (env.GASTHOF_DIR) return `${env.GASTHOF_DIR.replace(/\/+$/, '')}/unix.socket`;
  const system = `${systemDirectory}/unix.socket`;
  const home = env.XDG_DATA_HOME ?? (env.HOME ? `${env.HOME}/.local/share` : undefined);
  if (uid === 0 || home === undefined || usable(system)) return system;
  return `${home}/gasthof/unix.socket`;
}
