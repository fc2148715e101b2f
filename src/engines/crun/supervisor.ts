/**
 * The supervisor of one guest: conmon, which runs `crun create`, holds the console and writes the exit file. It leaves
 * our process tree at once and outlives the daemon.
 */
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { isAlive, type ProcessRef, processArguments, processRef } from '../../host/process.ts';
import { spawnProgram } from '../../host/spawn.ts';
import { HostError } from '../../lib/host-error.ts';
import { firstLine } from '../first-line.ts';
import type { Layout } from './layout.ts';
import { crunOptions, joining } from './programs.ts';

export type Programs = { crun: string; conmon: string };

/** The console log starts anew when it reaches this size. */
const consoleLogBytes = 1024 * 1024;
const createTimeoutMs = 60_000;

/** Runs `crun create` below a new conmon. Resolves with the pid of the guest's init, which waits to be started. */
export async function createSupervised(
  layout: Layout,
  programs: Programs,
  { id, groups }: { id: string; groups: readonly string[] },
  signal?: AbortSignal,
): Promise<number> {
  const { program, env } = joining(programs.crun, groups);
  mkdirSync(layout.logs(id), { recursive: true, mode: 0o700 });
  // The console's log is of this run only; the engine's goes on.
  rmSync(layout.consoleLog(id), { force: true });
  const log = openSync(layout.engineLog(id), 'a', 0o600);
  try {
    const spawned = spawnProgram(programs.conmon, supervisorArguments(layout, program, id), {
      // conmon marks descriptor 3 close-on-exec, so that crun sees 0, 1 and 2 only.
      stdio: ['ignore', log, log, 'pipe'],
      env: { _OCI_SYNCPIPE: '3', ...env },
      detached: true,
      freshKeyring: true,
    });
    // One line: `{"data": PID}`, or -1 with crun's message.
    const answer = await firstLine(spawned.pipes.get(3), createTimeoutMs, signal);
    return initPid(answer, layout, id);
  } finally {
    closeSync(log);
  }
}

function supervisorArguments(layout: Layout, runtime: string, id: string): string[] {
  return [
    ...['--api-version', '1', '-c', id, '-u', id, '-n', id, '-t'],
    // The fresh one of conmon is the guest's, too: the kernel gives an ordinary user 200 keys (kernel.keys.maxkeys).
    '--no-new-keyring',
    ...['-r', runtime, ...crunOptions(layout).flatMap((word) => ['--runtime-arg', word])],
    ...['-b', layout.bundle(id), '-p', layout.pidFile(id), '--conmon-pidfile', layout.supervisorPidFile(id)],
    ...['--exit-dir', layout.exits, '--persist-dir', layout.persist(id), '--socket-dir-path', layout.sockets],
    ...['-l', `k8s-file:${layout.consoleLog(id)}`, '--log-size-max', String(consoleLogBytes), '--no-sync-log'],
  ];
}

function initPid(answer: string, layout: Layout, id: string): number {
  const { pid, message } = parseAnswer(answer);
  if (pid !== undefined && pid > 0) return pid;
  const said = message ?? readText(layout.engineLog(id)).trim().split('\n').slice(-3).join(' / ');
  throw new HostError(`guest ${id} could not be created: ${said || 'its supervisor ended without a word'}`);
}

function parseAnswer(text: string): { pid?: number; message?: string } {
  try {
    const { data, pid = data, message } = JSON.parse(text) as Record<string, unknown>;
    return {
      ...(typeof pid === 'number' ? { pid } : {}),
      ...(typeof message === 'string' ? { message: message.trim() } : {}),
    };
  } catch {
    return {};
  }
}

/** The conmon of a guest when it lives. */
export function findSupervisor(layout: Layout, id: string): ProcessRef | undefined {
  const pid = Number.parseInt(readText(layout.supervisorPidFile(id)), 10);
  const ref = pid > 0 ? processRef(pid) : undefined;
  return ref && isSupervisorOf(ref.pid, layout, id) && isAlive(ref) ? ref : undefined;
}

/** Told by its arguments: the bundle's path is nobody else's. */
export function isSupervisorOf(pid: number, layout: Layout, id: string): boolean {
  return processArguments(pid).includes(layout.bundle(id));
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
