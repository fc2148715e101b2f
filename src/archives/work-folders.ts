/**
 * Folders with a leading dot beside what is kept: things are made in them and appear by one rename. What a killed daemon
 * left of them is swept.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

export type WorkFolders = ReturnType<typeof createWorkFolders>;

export function createWorkFolders(directory: string) {
  const working = new Set<string>();

  return {
    /** A folder to make something in; it is gone after disposal unless it was renamed. */
    async create(): Promise<AsyncDisposable & { path: string }> {
      const name = `.work-${randomUUID()}`;
      const path = join(directory, name);
      working.add(name);
      await mkdir(path, { recursive: true, mode: 0o700 });
      return {
        path,
        async [Symbol.asyncDispose]() {
          await rm(path, { recursive: true, force: true });
          working.delete(name);
        },
      };
    },

    /** Removes what has such a name and is not being worked in; gives the names. */
    async sweep(ours = /^\.work-/): Promise<string[]> {
      const left = (await namesIn(directory)).filter((name) => ours.test(name) && !working.has(name));
      for (const name of left) await rm(join(directory, name), { recursive: true, force: true });
      return left;
    },
  };
}

/** A folder that was never made has nothing in it. */
export async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}
