/**
 * The dnsmasq process of one network: started in its own session so that it outlives us, found again by its pid file and
 * argument vector, started anew when it dies or its configuration changes.
 */
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beingRoot, ownNamespaces } from '../../host/own-namespaces.ts';
import {
  isAlive,
  type ProcessRef,
  processArguments,
  processRef,
  signalProcess,
  waitUntil,
} from '../../host/process.ts';
import { signalNumber } from '../../host/signals.ts';
import { spawnProgram } from '../../host/spawn.ts';
import { HostError } from '../../lib/host-error.ts';
import { createKeyedQueue } from '../../lib/keyed-queue.ts';
import type { DnsmasqPaths } from './config.ts';
import { parseLeases, withoutLeases } from './leases.ts';

export type Dnsmasq = Disposable & {
  /** Running with exactly this configuration; undefined: not running, because there is nothing to serve. */
  ensure(config: string | undefined): Promise<void>;
  /** Starts it again if it died unseen (a new daemon is not its parent and hears nothing). */
  revive(): Promise<void>;
  stop(): Promise<void>;
  leases(): Promise<ReturnType<typeof parseLeases>>;
  /** Takes leases away that would keep an address from its new owner. */
  dropLeases(addresses: readonly string[]): Promise<void>;
  /** Forgets reservations whose files have gone: of those it hears, but keeps what they said (2.90). */
  reload(): void;
};

const startTimeoutMs = 10_000;
const stopTimeoutMs = 5_000;
/** One that died younger than this would die again: it waits for the next `ensure`. */
const healthyAfterMs = 1_000;

export function createDnsmasq(options: {
  network: string;
  paths: DnsmasqPaths;
  /** Hears of ends that nobody asked for. */
  report: (problem: string) => void;
}): Dnsmasq {
  const { network, paths, report } = options;
  const queue = createKeyedQueue();
  const alone = <T>(work: () => Promise<T>) => queue('', work) as Promise<T>;
  let current: ProcessRef | undefined;
  let watching = true;
  let wanted = true;

  const running = () => {
    if (current && isAlive(current)) return current;
    current = findRunning(paths);
    return current;
  };

  const start = async () => {
    // It only changes its user when it is root.
    const [program = '', ...words] = [...beingRoot(), 'dnsmasq', '--keep-in-foreground', configArgument(paths)];
    const { pid, pipes, exited } = spawnProgram(program, words, {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    let complaint = '';
    let exitCode: number | undefined;
    const errors = pipes.get(2);
    errors?.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString()).slice(-1000);
    });
    const drained = errors ? once(errors, 'close') : undefined;
    const ended = exited.then((end) => {
      exitCode = end.exitCode;
    });
    const started = () => exitCode !== undefined || readPid(paths) === pid;
    await waitUntil(started, { timeoutMs: startTimeoutMs, what: `dnsmasq of network ${network} starts` });
    const ref = processRef(pid);
    if (exitCode !== undefined || !ref) {
      await Promise.all([ended, drained]);
      throw new HostError(`dnsmasq of network ${network}: exit code ${exitCode}: ${complaint.trim()}`, {
        ...(exitCode === undefined ? {} : { exitCode }),
        help: `see ${paths.config}`,
      });
    }
    // dnsmasq has closed its own end by now; an open pipe would keep this process from ending.
    errors?.destroy();
    current = ref;
    const startedAtMs = Date.now();
    void ended.then(() => onEnd(ref, Date.now() - startedAtMs));
  };

  const onEnd = (ref: ProcessRef, livedMs: number) => {
    if (!watching || current !== ref) return;
    current = undefined;
    report(`dnsmasq of network ${network} (process ${ref.pid}) ended unexpectedly`);
    if (livedMs < healthyAfterMs) return;
    alone(revive).catch((error: Error) => report(error.message));
  };

  const revive = async () => {
    if (wanted && !running()) await start();
  };

  const stop = async () => {
    const ref = running();
    current = undefined;
    if (!ref || !signalProcess(ref, signalNumber('SIGTERM'))) return;
    await waitUntil(() => !isAlive(ref), { timeoutMs: stopTimeoutMs, what: `dnsmasq of network ${network} ends` });
  };

  const readLeases = () => readFile(paths.leases, 'utf8').catch(() => '');

  return {
    ensure: (config) =>
      alone(async () => {
        wanted = config !== undefined;
        if (config === undefined) return stop();
        assertReachable(paths.hosts);
        const before = existsSync(paths.config) ? readFileSync(paths.config, 'utf8') : undefined;
        if (before === config) return revive();
        await replaceFile(paths.config, config);
        await stop();
        await start();
      }),
    revive: () => (!wanted || running() ? Promise.resolve() : alone(revive)),
    stop: () => alone(stop),
    leases: async () => parseLeases(await readLeases()),
    dropLeases: (addresses) =>
      alone(async () => {
        await stop();
        await replaceFile(paths.leases, withoutLeases(await readLeases(), new Set(addresses)));
        await revive();
      }),
    reload() {
      const ref = running();
      if (ref) signalProcess(ref, signalNumber('SIGHUP'));
    },
    [Symbol.dispose]() {
      watching = false;
    },
  };
}

/** Runs as `dnsmasq`, the user of Debian's package, or else as `nobody`; never as root once its ports are open. */
export function dnsmasqUser(): string {
  // A user with few ids has no place for that of the package.
  const ids = ownNamespaces()?.ids ?? Number.POSITIVE_INFINITY;
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([name, , id]) => name === 'nobody' || Number(id) < ids)
    .map(([name]) => name);
  const user = ['dnsmasq', 'nobody'].find((name) => users.includes(name));
  if (!user)
    throw new HostError('neither user dnsmasq nor nobody exists', { help: 'install the package dnsmasq-base' });
  return user;
}

function configArgument(paths: DnsmasqPaths): string {
  return `--conf-file=${paths.config}`;
}

/** By pid file; when that is missing or stale (we died in the middle of a start) by looking at all processes. */
function findRunning(paths: DnsmasqPaths): ProcessRef | undefined {
  const argument = configArgument(paths);
  const isOurs = (pid: number) => processArguments(pid).includes(argument);
  const noted = readPid(paths);
  if (noted !== undefined && isOurs(noted)) return processRef(noted);
  if (!existsSync(paths.config)) return undefined;
  const pid = readdirSync('/proc').find((entry) => /^\d+$/.test(entry) && isOurs(Number(entry)));
  return pid === undefined ? undefined : processRef(Number(pid));
}

function readPid(paths: DnsmasqPaths): number | undefined {
  try {
    return Number.parseInt(readFileSync(paths.pid, 'utf8'), 10) || undefined;
  } catch {
    return undefined;
  }
}

/** dnsmasq reads its folders after it gave up root: every folder above has to let it pass. */
function assertReachable(path: string): void {
  for (let folder = path; ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0)
      throw new HostError(`${folder}: dnsmasq, which does not run as root, cannot pass this folder to ${path}`, {
        help: `allow it by: chmod o+x ${folder}`,
      });
    if (folder === dirname(folder)) return;
  }
}

async function replaceFile(path: string, content: string): Promise<void> {
  const aside = join(dirname(path), `.${process.pid}.new`);
  await writeFile(aside, content, { mode: 0o644 });
  await rename(aside, path);
}
