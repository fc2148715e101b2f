/** One control group directory with all below it: who is inside, killing them, removing it. */
import { existsSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { processRef, waitUntil } from './process.ts';

const settleMs = 15_000;

/** Pids in the group and below, zombies included. */
export function listCgroupPids(path: string): number[] {
  const pids = new Set<number>();
  for (const directory of [path, ...below(path)]) {
    for (const line of readProcs(directory)) pids.add(line);
  }
  return [...pids];
}

/** SIGKILL to all, again until none lives: a fork may be quicker than one round. */
export async function killCgroup(path: string): Promise<void> {
  const killFile = join(path, 'cgroup.kill');
  const round = () => {
    const alive = listCgroupPids(path).filter((pid) => processRef(pid) !== undefined);
    for (const pid of alive) kill(pid);
    return alive.length === 0;
  };
  if (existsSync(killFile)) writeFileSync(killFile, '1', { flag: 'r+' });
  await waitUntil(round, { timeoutMs: settleMs, what: `end of all processes in ${path}` });
}

/** Removes the group and those below it; absent is fine. Waits for processes that are on their way out. */
export async function removeCgroup(path: string): Promise<void> {
  const gone = () => {
    for (const directory of [...below(path), path]) {
      try {
        rmdirSync(directory);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'EBUSY' || code === 'ENOTEMPTY') return false;
        if (code !== 'ENOENT') throw error;
      }
    }
    return true;
  };
  await waitUntil(gone, { timeoutMs: settleMs, what: `removal of ${path}` });
}

/** Groups below `path`, deepest first. */
function below(path: string): string[] {
  let entries: string[];
  try {
    entries = readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  } catch {
    return [];
  }
  return entries.flatMap((name) => [...below(join(path, name)), join(path, name)]);
}

function readProcs(path: string): number[] {
  try {
    return readFileSync(join(path, 'cgroup.procs'), 'latin1').split('\n').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function kill(pid: number) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone meanwhile.
  }
}
