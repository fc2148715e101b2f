/** Clears a directory that holds nothing but mount points, after a process that made them was killed. */
import { readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { unmount } from './mount.ts';
import { listMounts } from './mount-points.ts';

/** Detaches all that is mounted below `directory` and takes the empty directories away. */
export function clearMountPoints(directory: string): void {
  const below = listMounts().filter(({ path }) => path.startsWith(`${directory}/`));
  for (const { path } of below.reverse()) unmount(path);
  for (const name of readdirSync(directory)) rmdirSync(join(directory, name));
}
