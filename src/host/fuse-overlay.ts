/**
 * Overlays with mapped ids for an ordinary user, to whom the kernel gives no idmapped mounts of the host's file systems:
 * fuse-overlayfs, a process per mount, some ten times slower where files are looked up. It ends with its mount.
 */
import { HostError } from '../lib/host-error.ts';
import { run } from './run.ts';

export type FuseOverlay = {
  /** Read-only directories, topmost first. */
  lower: readonly string[];
  /** A directory that holds the directories `upper` and `work`. Absent: the mount is read-only. */
  writable?: string;
  /** Ids 0 to size-1 of the disk are shown as base to base+size-1. */
  range: { base: number; size: number };
  /** What it says goes to this file. */
  log: string;
};

export async function mountFuseOverlay({ lower, writable, range, log }: FuseOverlay, target: string): Promise<void> {
  const map = `0:${range.base}:${range.size}`;
  const options = [
    // The guest is another user; set-user-id programs and their owners are the guest's own.
    ...['allow_other', 'suid', 'dev'],
    `lowerdir=${lower.map(checked).join(':')}`,
    ...(writable === undefined ? ['ro'] : [`upperdir=${checked(writable)}/upper`, `workdir=${checked(writable)}/work`]),
    ...[`uidmapping=${map}`, `gidmapping=${map}`],
  ];
  await run('fuse-overlayfs', ['-o', options.join(','), target], { outputFile: log });
}

/** The program's way to list layers leaves no room for these. */
function checked(path: string): string {
  if (!/[,:\\]/.test(path)) return path;
  throw new HostError(`${path}: a pool for isolated guests may not have "," ":" or "\\" in its path`);
}
