/** Memory of processes as PSS: shared pages are counted once, by parts. */
import { readdirSync, readFileSync } from 'node:fs';

export function pssBytes(pid: number | string): number {
  try {
    return Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** Processes whose command line names `directory` and whose program is `name`. */
export function processesOf(name: string, directory: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return words[0]?.endsWith(name) && words.some((word) => word.includes(directory));
    } catch {
      return false;
    }
  });
}
