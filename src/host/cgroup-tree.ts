/** One control group directory with all below it: who is inside, killing them, removing it. */
import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { processRef, waitUntil } from './process.ts';

const settleMs = 15_000;

/** Pids in the group and below, zombies included. */
export function listCgroupPids(path: string): number[] {
  const pids = new Set<number>();
  walk(path, {
    enter: (directory) => {
      for (const pid of readProcs(directory)) pids.add(pid);
    },
  });
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
    let all = true;
    const remove = (directory: string) => {
      all = removed(directory) && all;
    };
    walk(path, { leave: remove });
    remove(path);
    return all;
  };
  await waitUntil(gone, { timeoutMs: settleMs, what: `removal of ${path}` });
}

function removed(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EBUSY' || code === 'ENOTEMPTY') return false;
    if (code !== 'ENOENT') throw error;
    return true;
  }
}

type Visitor = {
  /** Each group before those in it, the top included. */
  enter?: (directory: string) => void;
  /** Each group after those in it, without the top. */
  leave?: (directory: string) => void;
};

/**
 * Guests nest groups deeper than a path can be long (4096 bytes), so that the way goes from directory to directory. Only
 * the one where we are is open: descriptors are limited, depth is not.
 */
function walk(top: string, { enter, leave }: Visitor): void {
  let here = openDirectory(top);
  if (here === undefined) return;
  const at = (name: string) => `/proc/self/fd/${here}/${name}`;
  const go = (next: number) => {
    if (here !== undefined) closeSync(here);
    here = next;
  };
  try {
    const levels = [{ name: '', rest: arrive(at('')) }];
    for (let level = levels.at(-1); level; level = levels.at(-1)) {
      const name = level.rest.pop();
      if (name === undefined) {
        levels.pop();
        if (levels.length === 0) break;
        go(openSync(at('..'), directoryOnly));
        leave?.(at(level.name));
        continue;
      }
      const next = openDirectory(at(name));
      if (next === undefined) continue;
      go(next);
      levels.push({ name, rest: arrive(at('')) });
    }
  } finally {
    closeSync(here);
  }

  function arrive(directory: string): string[] {
    enter?.(directory);
    return subdirectories(directory);
  }
}

function subdirectories(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? [entry.name] : [],
    );
  } catch (error) {
    // Removed since it was opened.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

const directoryOnly = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** Undefined when it is gone. */
function openDirectory(path: string): number | undefined {
  try {
    return openSync(path, directoryOnly);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
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
