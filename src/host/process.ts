/**
 * Processes known by pid and start time: a pid alone may belong to somebody else by the time that it is used.
 * Everything is read from /proc, nothing is spawned.
 */
import { readFileSync } from 'node:fs';
import { HostError } from '../lib/host-error.ts';
import { hasEnded, type ProcessStat, parseProcessStat } from '../lib/process-stat.ts';
import { call, libc } from './libc.ts';

/** `startTicks`: field 22 of /proc/PID/stat, clock ticks after boot. */
export type ProcessRef = { pid: number; startTicks: number };

/** Ticks per second as user space sees them: 100 on every Linux architecture that Node runs on. */
const ticksPerSecond = 100;

const syscallPidfdOpen = libc.func('long syscall(long number, int pid, uint flags)');
const syscallPidfdSend = libc.func('long syscall(long number, int fd, int signal, void *info, uint flags)');
const close = call<[number]>('int close(int fd)');
const numbers = { pidfdSendSignal: 424, pidfdOpen: 434 };

/** Undefined when there is no such process. */
export function processStat(pid: number): ProcessStat | undefined {
  try {
    return parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return undefined;
  }
}

/** The process as it is now, for later comparison. */
export function processRef(pid: number): ProcessRef | undefined {
  const stat = processStat(pid);
  return stat && !hasEnded(stat) ? { pid, startTicks: stat.startTicks } : undefined;
}

/** True when exactly this process lives; a zombie does not. */
export function isAlive(ref: ProcessRef): boolean {
  return processRef(ref.pid)?.startTicks === ref.startTicks;
}

/** Sends a signal to exactly this process. False when it lives no more. */
export function signalProcess(ref: ProcessRef, signal: number): boolean {
  const descriptor = Number(syscallPidfdOpen(numbers.pidfdOpen, ref.pid, 0));
  if (descriptor < 0) return false;
  try {
    // Looked at after the descriptor is held: from here on the pid cannot change its owner unseen.
    if (!isAlive(ref)) return false;
    return Number(syscallPidfdSend(numbers.pidfdSendSignal, descriptor, signal, null, 0)) === 0;
  } finally {
    close(descriptor);
  }
}

let bootTimeMs: number | undefined;

/** When the process began. */
export function startedAt(ref: ProcessRef): Date {
  bootTimeMs ??= Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1] ?? 0) * 1000;
  return new Date(bootTimeMs + (ref.startTicks * 1000) / ticksPerSecond);
}

export type ProcessStatus = { innerPid: number; uid: number; name: string; memoryBytes: number; command: string };

/** What `ps` shows of one process. Undefined when it is gone. */
export function processStatus(pid: number): ProcessStatus | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const field = (name: string) => new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(status)?.[1]?.trim() ?? '';
    const name = field('Name');
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return {
      innerPid: Number(field('NSpid').split(/\s+/).at(-1)),
      uid: Number(field('Uid').split(/\s+/)[1]),
      name,
      memoryBytes: (Number.parseInt(field('VmRSS'), 10) || 0) * 1024,
      command: command || `[${name}]`,
    };
  } catch {
    return undefined;
  }
}

/** The argument vector of a process, empty when it is gone. */
export function processArguments(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

/** Waits until the condition holds, looking again after 0, 1, 2, 4 ... 50 ms. For ends that nobody announces. */
export async function waitUntil(
  condition: () => boolean,
  options: { timeoutMs: number; what: string; signal?: AbortSignal },
): Promise<void> {
  const deadline = Date.now() + options.timeoutMs;
  for (let delayMs = 0; !condition(); delayMs = Math.min(50, delayMs * 2 || 1)) {
    options.signal?.throwIfAborted();
    if (Date.now() > deadline) throw new HostError(`${options.what}: not within ${options.timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, delayMs));
  }
}
