/** Memory of processes as PSS: shared pages are counted by parts. Kernel memory (cgroups, sockets, namespaces) is not in it. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export function pssMebibytes(pids: readonly (number | string)[]): number {
  return pids.reduce<number>((sum, pid) => sum + pssKibibytes(pid), 0) / 1024;
}

function pssKibibytes(pid: number | string): number {
  try {
    return Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Processes outside guests (in our own process namespace) whose command line names one of `paths`. */
export function processesNaming(...paths: string[]): string[] {
  const own = readlinkSync('/proc/self/ns/pid');
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return paths.some((path) => line.includes(path)) && readlinkSync(`/proc/${pid}/ns/pid`) === own;
    } catch {
      return false;
    }
  });
}
