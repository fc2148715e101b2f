/** Deleting big trees beside the work: one program at a time, for all that has gathered. */
import { access } from 'node:fs/promises';
import { HostError } from '../lib/host-error.ts';
import { run } from './run.ts';

const dayMs = 24 * 60 * 60 * 1000;
/** A copy whose daemon was killed may still be writing into its tree: it fails once its directories are gone. */
const attempts = 50;

export type TreeRemover = {
  /** Starts the deletion and returns at once. What fails stays on the disk, for a sweep. */
  add(path: string): void;
  /** Deletes, and resolves when it is gone. */
  remove(paths: readonly string[]): Promise<void>;
};

export function createTreeRemover(): TreeRemover {
  let waiting: string[] = [];
  let running = false;

  async function work(): Promise<void> {
    running = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      await removeTrees(batch).catch(() => {});
    }
    running = false;
  }

  return {
    add(path) {
      waiting.push(path);
      // Deferred so that the caller's answer is not held up by the start of a program.
      if (!running) setImmediate(() => running || work());
    },
    remove: removeTrees,
  };
}

async function removeTrees(paths: readonly string[]): Promise<void> {
  let left = paths;
  for (let attempt = 1; left.length > 0; attempt += 1) {
    // One file system: whatever is mounted below is not ours to delete.
    const { stderr } = await run('rm', ['-rf', '--one-file-system', '--', ...left], {
      accept: [0, 1],
      timeoutMs: dayMs,
    });
    left = await existing(left);
    if (left.length > 0 && attempt === attempts)
      throw new HostError(`cannot delete ${left.join(', ')}: ${stderr.slice(0, 300)}`);
  }
}

async function existing(paths: readonly string[]): Promise<string[]> {
  const there = await Promise.all(
    paths.map((path) =>
      access(path).then(
        () => path,
        () => undefined,
      ),
    ),
  );
  return there.filter((path) => path !== undefined);
}
