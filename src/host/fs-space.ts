/** What a file system has, and what trees on it take. */
import { statfs } from 'node:fs/promises';
import { HostError } from '../lib/host-error.ts';
import { run } from './run.ts';

export type Space = { usedBytes: number; totalBytes: number; usedInodes: number; totalInodes: number };

export async function fileSystemSpace(directory: string): Promise<Space> {
  const { bsize, blocks, bfree, files, ffree } = await statfs(directory);
  return {
    usedBytes: (blocks - bfree) * bsize,
    totalBytes: blocks * bsize,
    usedInodes: files - ffree,
    totalInodes: files,
  };
}

/** Writes all of the file system below `directory` to the disk. */
export async function flushFileSystem(directory: string): Promise<void> {
  await run('sync', ['-f', directory], { timeoutMs: 10 * 60_000 });
}

/**
 * Bytes that trees take on disk. Questions that come while one program runs are answered together by the next, so that
 * a list of hundreds of guests costs two programs. Answers are good for `keepMs`; `recent` takes older ones too, and has
 * them renewed meanwhile.
 */
export function createDiskUsage(keepMs = 5_000): (directory: string, recent?: boolean) => Promise<number> {
  const kept = new Map<string, { until: number; bytes: number }>();
  let waiting = new Map<string, PromiseWithResolvers<number>>();
  let running = false;

  async function work(): Promise<void> {
    running = true;
    while (waiting.size > 0) {
      const batch = waiting;
      waiting = new Map();
      const found = await measure([...batch.keys()]).catch((error: unknown) => error);
      const now = performance.now();
      for (const [path, { resolve, reject }] of batch) {
        const bytes = found instanceof Map ? (found.get(path) as number | undefined) : undefined;
        if (bytes === undefined) {
          kept.delete(path);
          reject(found instanceof Map ? new HostError(`${path}: not there`) : found);
        } else {
          kept.set(path, { until: now + keepMs, bytes });
          resolve(bytes);
        }
      }
    }
    running = false;
  }

  const ask = (directory: string): Promise<number> => {
    const answer = waiting.get(directory) ?? Promise.withResolvers<number>();
    waiting.set(directory, answer);
    // Starts after this tick: whoever asks for many asks for them at once.
    if (!running) queueMicrotask(() => running || work());
    return answer.promise;
  };
  return (directory, recent = false) => {
    const known = kept.get(directory);
    if (known && known.until > performance.now()) return Promise.resolve(known.bytes);
    const answer = ask(directory);
    if (!known || !recent) return answer;
    // It may have gone; then the next question finds nothing kept.
    answer.catch(() => {});
    return Promise.resolve(known.bytes);
  };
}

async function measure(directories: string[]): Promise<Map<string, number>> {
  // Exit code 1: a file went away meanwhile, as files of a running guest do. Links are counted in each tree (-l).
  const input = directories.map((path) => `${path}\0`).join('');
  const { stdout } = await run('du', ['-slx', '-B1', '-0', '--files0-from=-'], {
    input,
    accept: [0, 1],
    timeoutMs: 10 * 60_000,
  });
  const rows = stdout.split('\0').filter((row) => row !== '');
  return new Map(rows.map((row) => [row.slice(row.indexOf('\t') + 1), Number(row.slice(0, row.indexOf('\t')))]));
}
