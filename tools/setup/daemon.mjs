/** Starts the daemon of this GASTHOF_DIR when none answers on its socket, and finds and stops it again. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runQuick } from './child.mjs';
import { daemonLog, daemonPidFile, gasthofDir, isRoot, root, socketPath } from './places.mjs';
import { SetupError, step } from './progress.mjs';

const startTimeoutMs = 30_000;
const stopTimeoutMs = 30_000;

/** Returns true when the daemon had to be started. */
export async function ensureDaemon() {
  if (await answers()) return false;
  if (!isRoot) return startOwn();
  await step(`Starting gasthofd (${gasthofDir})`, async () => {
    const { child, log } = launch();
    let ended;
    child.once('exit', (code, signal) => {
      ended = signal ?? `exit code ${code}`;
    });
    child.once('error', (error) => {
      ended = error.message;
    });
    const deadline = Date.now() + startTimeoutMs;
    while (!(await answers())) {
      if (ended)
        throw new SetupError(`gasthofd ended: ${ended}\n  ${tailOf(log)}`, { log, help: 'mend what the log says' });
      if (Date.now() > deadline)
        throw new SetupError(
          `gasthofd does not answer on ${socketPath} after ${startTimeoutMs / 1000} s\n  ${tailOf(log)}`,
          { log },
        );
      await sleep(50);
    }
    child.unref();
  });
  return true;
}

/** Of an ordinary user, by the command that knows the way: alone, or as a unit of systemd. */
async function startOwn() {
  await step(`Starting gasthofd (${gasthofDir})`, async () => {
    const { status, stderr } = runQuick(join(root, 'bin', 'gast'), ['admin', 'start'], {
      env: { ...withoutNpm(), GASTHOF_DIR: gasthofDir },
      timeoutMs: 100_000,
    });
    if (status === 0) return;
    const [, message = '', help] = /^(?:.*\n)*?\w+: ([\s\S]*?)(?:\n {2}\w+: (.*))?\n*$/.exec(stderr) ?? [];
    throw new SetupError(message || stderr.trim(), { log: daemonLog, help: help ?? 'bin/gast doctor' });
  });
  return true;
}

/** True when a build is newer than the daemon that runs. */
export function daemonIsOutdated() {
  const bundle = join(root, 'dist', 'gasthofd.cjs');
  return existsSync(daemonPidFile) && existsSync(bundle) && statSync(bundle).mtimeMs > statSync(daemonPidFile).mtimeMs;
}

/** The pid of the running daemon, or undefined; a pid that was given to another process since does not count. */
export function daemonPid() {
  if (!existsSync(daemonPidFile)) return undefined;
  const [pid, startTime] = readFileSync(daemonPidFile, 'utf8').trim().split(/\s+/);
  return pid && startTimeOf(pid) === startTime ? Number(pid) : undefined;
}

/** Asks the daemon to end and waits for it; guests run on. */
export async function stopDaemon(pid) {
  process.kill(pid, 'SIGTERM');
  const deadline = Date.now() + stopTimeoutMs;
  while (daemonPid() === pid) {
    if (Date.now() > deadline)
      throw new SetupError(`gasthofd (pid ${pid}) did not end within ${stopTimeoutMs / 1000} s`, {
        log: daemonLog,
        help: `kill -9 ${pid}   (guests are not harmed)`,
      });
    await sleep(50);
  }
}

/** Field 22 of /proc/PID/stat: clock ticks between boot and the start of the process; undefined for a zombie or no process. */
function startTimeOf(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function launch() {
  mkdirSync(dirname(daemonLog), { recursive: true, mode: 0o700 });
  const output = openSync(daemonLog, 'a', 0o600);
  const env = { ...withoutNpm(), GASTHOF_DIR: gasthofDir };
  const child = spawn(join(root, 'bin', 'gasthofd'), [], {
    env,
    cwd: '/',
    detached: true,
    stdio: ['ignore', output, output],
  });
  return { child, log: daemonLog };
}

function withoutNpm() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_|^INIT_CWD$/.test(name)));
}

function tailOf(path) {
  return readFileSync(path, 'utf8').trim().split('\n').slice(-6).join('\n  ');
}

/** Does an API server answer on the socket? */
function answers() {
  if (!existsSync(socketPath)) return Promise.resolve(false);
  return new Promise((resolve) => {
    const asked = request({ socketPath, path: '/1.0', timeout: 5000 }, (reply) => {
      reply.resume();
      resolve(reply.statusCode === 200);
    });
    asked.once('timeout', () => asked.destroy(new Error('silent')));
    asked.once('error', () => resolve(false));
    asked.end();
  });
}
