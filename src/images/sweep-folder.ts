/** Removes what an interrupted build left in a folder of ours. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Names in use by this process. */
export const inUse = new Set<string>();

export async function sweepFolder(directory: string, ours: RegExp): Promise<string[]> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const left = names
    .map((name) => join(directory, name))
    .filter((path, i) => ours.test(names[i] ?? '') && !inUse.has(path));
  for (const path of left) await rm(path, { recursive: true, force: true });
  return left;
}
