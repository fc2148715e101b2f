/**
 * All processes of a guest where no control group holds them: found by its process namespace, stopped and counted one by one.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { isAlive, type ProcessRef, processRef, processStat, signalProcess, waitUntil } from './process.ts';
import { signalNumber } from './signals.ts';

const ticksPerSecond = 100;
const settleMs = 10_000;

/** Host pids of everything in the process namespace of `init`, init first. */
export function processesBeside(init: number): number[] {
  const namespace = namespaceOf(init);
  if (namespace === undefined) return [];
  const others = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && namespaceOf(Number(name)) === namespace);
  return [init, ...others.map(Number).filter((pid) => pid !== init)];
}

function namespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined; // Ended meanwhile, or the kernel's own.
  }
}

/** Init is stopped first and continued last: as long as it stands still, so does the guest. */
export const areStopped = (init: number): boolean => processStat(init)?.state === 'T';

/** SIGSTOP to all, again until none runs: a fork may be quicker than one round. */
export async function stopProcesses(init: number): Promise<void> {
  const round = () => {
    const running = processesBeside(init).filter((pid) => isRunning(pid));
    for (const pid of running) send(pid, 'SIGSTOP');
    return running.length === 0;
  };
  await waitUntil(round, { timeoutMs: settleMs, what: `standstill of all processes beside ${init}` });
}

export function continueProcesses(init: number): void {
  for (const pid of processesBeside(init).reverse()) send(pid, 'SIGCONT');
}

function isRunning(pid: number): boolean {
  const state = processStat(pid)?.state;
  return state !== undefined && !'TtZX'.includes(state);
}

function send(pid: number, signal: NodeJS.Signals): void {
  const ref: ProcessRef | undefined = processRef(pid);
  if (ref && isAlive(ref)) signalProcess(ref, signalNumber(signal));
}

export type ProcessUsage = { cpuNs: number; cpuUserNs: number; memoryBytes: number; processes: number };

/** CPU time of those that live and of their children that ended; memory counts shared pages once per process. */
export function usageBeside(init: number): ProcessUsage {
  const total = { cpuNs: 0, cpuUserNs: 0, memoryBytes: 0, processes: 0 };
  for (const pid of processesBeside(init)) {
    try {
      const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const fields = text
        .slice(text.lastIndexOf(')') + 2)
        .split(' ')
        .map(Number);
      const [user = 0, system = 0, childUser = 0, childSystem = 0] = fields.slice(11, 15);
      total.cpuNs += ((user + system + childUser + childSystem) * 1e9) / ticksPerSecond;
      total.cpuUserNs += ((user + childUser) * 1e9) / ticksPerSecond;
      total.memoryBytes += (fields[21] ?? 0) * pageBytes;
      total.processes += 1;
    } catch {
      // Ended meanwhile.
    }
  }
  return total;
}

/** On x86-64, and on arm64 as Debian builds it. */
const pageBytes = 4096;
