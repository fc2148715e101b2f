/** gasthofd: the daemon. Start it with bin/gasthofd, which gives it a mount namespace of its own. */
import { defaultDirectory, statePaths } from '../host/paths.ts';
import { userFacts } from '../host/user-facts.ts';
import { HostError } from '../lib/host-error.ts';
import { restoreSqliteStore } from '../store/sqlite/restore.ts';
import { assemble } from './assemble.ts';
import { log } from './log.ts';
import { serve } from './serve.ts';
import { userChecks } from './user-checks.ts';
import { version } from './version.ts';

const usage = `usage: gasthofd [--version] [--check-host] [--restore-state FILE]

The daemon of Gasthof. GASTHOF_DIR chooses its directory (default ${defaultDirectory}).
  --check-host           tell as JSON what an ordinary user's daemon would find here, then end
  --restore-state FILE   put back a backup of the state, then end
`;

async function main(args: readonly string[]): Promise<number> {
  const paths = statePaths(process.env.GASTHOF_DIR ?? defaultDirectory);
  const [option, value] = args;
  if (option === '--version') return say(`gasthofd ${version}\n`);
  if (option === '--check-host') return say(`${JSON.stringify(userChecks(await userFacts()))}\n`);
  if (option === '--restore-state' && value && args.length === 2) {
    const restored = restoreSqliteStore(paths.state, value);
    return say(
      `restored ${restored.documents} documents, revision ${restored.revision}; the old files are kept: ${JSON.stringify(restored.kept)}\n`,
    );
  }
  if (option !== undefined) {
    process.stderr.write(usage);
    return option === '--help' ? 0 : 64;
  }
  const stop = Promise.withResolvers<string>();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => stop.resolve(signal));
  await using house = await assemble(paths, log);
  await using _server = await serve(house, paths, log, () => stop.resolve('shutdown call'));
  log('info', `gasthofd ${version} answers at ${paths.socket}`);
  log('info', `stopping: ${await stop.promise}; guests run on`);
  return 0;
}

function say(text: string): number {
  process.stdout.write(text);
  return 0;
}

process.on('uncaughtException', (error) => log('error', 'uncaught exception: this is a bug', error));
process.on('unhandledRejection', (error) => log('error', 'unhandled rejection: this is a bug', error));
main(process.argv.slice(2))
  .catch((error: unknown) => {
    log(
      'error',
      error instanceof Error ? error.message : String(error),
      error instanceof HostError ? undefined : error,
    );
    if (error instanceof HostError && error.help) log('error', `help: ${error.help}`);
    return 1;
  })
  // Native watchers and sockets of ended sessions must not keep a stopped daemon alive.
  .then((exitCode) => process.exit(exitCode));
