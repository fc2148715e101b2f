/** Removes what an interrupted build left in a folder of ours. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { namesIn } from '../archives/work-folders.ts';

/** Names in use by this process. */
export const inUse = new Set<string>();

export async function sweepFolder(directory: string, ours: RegExp): Promise<string[]> {
  const names = await namesIn(directory);
  const left = names
    .map((name) => join(directory, name))
    .filter((path, i) => ours.test(names[i] ?? '') && !inUse.has(path));
  for (const path of left) await rm(path, { recursive: true, force: true });
  return left;
}
