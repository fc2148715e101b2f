/** Says which of the daemons of this host a command talks to, and how to mean another. */
import type { LocalServer } from '../../client/socket-path.ts';
import type { Context } from '../context.ts';
import { localServer } from './local-client.ts';

/** Undefined for servers on the network. */
export function whichDaemon({ server, env }: Context): { which: string; others: string[] } | undefined {
  if (server.remote.protocol !== 'unix') return undefined;
  return describe(localServer(env, process.getuid?.() ?? 0));
}

export function describe({ whose, directory, socketPath, others }: LocalServer) {
  const words = {
    own: `your own (${directory})`,
    system: `the system's (${directory})`,
    named: directory === undefined ? `GASTHOF_SOCKET=${socketPath}` : `GASTHOF_DIR=${directory}`,
  };
  return { which: words[whose], others: others.map((other) => `the system's, with GASTHOF_DIR=${other}`) };
}
