/**
 * lxcfs: one process for all guests whose mount gives /proc/meminfo, uptime and the like their own values. It outlives
 * the daemon, because running guests read through it; the next daemon finds its mount again.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HostError } from '../lib/host-error.ts';
import { unmount } from './mount.ts';
import { listMounts } from './mount-points.ts';
import { run } from './run.ts';

/** Makes sure that lxcfs serves `directory`. Where it cannot run, guests see the host's values: the reason is returned. */
export async function ensureLxcfs(directory: string): Promise<{ mounted: boolean; reason?: string }> {
  if (isLxcfsMounted(directory)) {
    if (answers(directory)) return { mounted: true };
    // Its process died: what is left refuses every access.
    unmount(directory);
  }
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  try {
    // Goes to the background by itself once it is mounted. -l: load averages of the guest.
    await run('lxcfs', ['-l', '--enable-cfs', '--enable-pidfd', '-p', `${directory}.pid`, directory], {
      outputFile: `${directory}.log`,
    });
  } catch (error) {
    return { mounted: false, reason: reasonOf(error) };
  }
  if (isLxcfsMounted(directory) && answers(directory)) return { mounted: true };
  return { mounted: false, reason: `lxcfs started but did not mount ${directory}` };
}

/** Looks at the mount table only: a stuck file system must not hold us up. */
export function isLxcfsMounted(directory: string): boolean {
  return listMounts().some(({ path, type }) => path === directory && type === 'fuse.lxcfs');
}

/** Ends the lxcfs of a directory. No guest may use it any more. */
export function endLxcfs(directory: string): void {
  unmount(directory);
}

function answers(directory: string): boolean {
  try {
    return readFileSync(join(directory, 'proc', 'uptime'), 'latin1').length > 0;
  } catch {
    return false;
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof HostError)) throw error;
  return error.help === undefined ? error.message : `${error.message} (${error.help})`;
}
