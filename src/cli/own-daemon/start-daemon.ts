/** Starts the daemon of an ordinary user: as a unit of systemd where it manages this user, otherwise in a session of its own. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { CliError, exitCodes } from '../cli-error.ts';
import { type Caller, nobodyListens } from './caller.ts';
import { installed, runProgram } from './run-program.ts';
import { findUserManager, type UserManager } from './systemd-user.ts';

const startTimeoutMs = 90_000;
const lookedEveryMs = 50;

/** Resolves when it answers. */
export async function startDaemon(directory: string, { env, uid, texts, say }: Caller): Promise<void> {
  const log = join(directory, 'logs/gasthofd.log');
  const before = statSync(log, { throwIfNoEntry: false })?.size ?? 0;
  say(texts('starting-daemon', { directory }));
  const manager = findUserManager(directory, env, uid);
  const reason = manager ? await startUnit(manager, directory) : await startDetached(directory, env);
  if (reason !== undefined) throw notStarted(texts('daemon-failed'), log, before, reason);
  if (manager && !(await manager.lingers())) say(texts('daemon-until-logout'));
}

/** Undefined when it answers, otherwise what is known of the reason. */
async function startDetached(directory: string, env: Caller['env']): Promise<string | undefined> {
  const done = await runProgram(installed('libexec/start-daemon'), [], {
    env: { ...env, GASTHOF_DIR: directory },
    timeoutMs: startTimeoutMs,
  });
  if (done.code === 0) return undefined;
  return done.code === 124 ? `it does not answer after ${startTimeoutMs / 1000} s` : done.stderr.trim();
}

async function startUnit(manager: UserManager, directory: string): Promise<string | undefined> {
  await manager.start();
  for (let waitedMs = 0; waitedMs < startTimeoutMs; waitedMs += lookedEveryMs) {
    if (!(await nobodyListens(join(directory, 'unix.socket')))) return undefined;
    if (waitedMs % 500 === 0 && ['failed', 'inactive'].includes(await manager.state())) return '';
    await setTimeout(lookedEveryMs);
  }
  return `it does not answer after ${startTimeoutMs / 1000} s`;
}

/** What it said since it was started; a line in it names what would help. */
function notStarted(what: string, log: string, before: number, reason: string): CliError {
  const said = linesSince(log, before);
  const lines = (said.length > 0 ? said : reason.split('\n')).slice(-6);
  const found = lines
    .map((line) => /(?:; (?=as root: )|help: )(.+)$/.exec(line)?.[1])
    .find((line) => line !== undefined);
  return new CliError([what, ...lines.map((line) => `  ${line}`)].join('\n'), {
    help: found ?? `gast doctor; all of the log: ${log}`,
    exitCode: exitCodes.unreachable,
  });
}

function linesSince(log: string, before: number): string[] {
  try {
    return readFileSync(log)
      .subarray(before)
      .toString()
      .split('\n')
      .filter((line) => line.trim() !== '');
  } catch {
    return [];
  }
}
