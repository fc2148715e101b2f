/** Writes a stream to a new file while counting and hashing it; nothing of the stream stays in memory. */
import type { Hash } from 'node:crypto';
import { open, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ArchiveSubject } from './subject.ts';

/** Left free on the disk, so that the host goes on working. */
export const reserveBytes = 256 * 1024 * 1024;

const writeBytes = 1024 * 1024;

export async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return Math.max(0, bavail * bsize - reserveBytes);
}

export async function storeStream(
  source: NodeJS.ReadableStream,
  path: string,
  hash: Pick<Hash, 'update'>,
  subject: ArchiveSubject,
  options: {
    onBytes?: (sizeBytes: number) => void;
    signal?: AbortSignal | undefined;
    /** It is thrown away after its use: what a power cut would leave of it is nobody's loss. @default false */
    passing?: boolean;
  },
): Promise<number> {
  const { signal } = options;
  // A silent sender would otherwise keep the loop below waiting for ever.
  const onAbort = () => 'destroy' in source && (source as { destroy(error?: unknown): void }).destroy(signal?.reason);
  signal?.throwIfAborted();
  signal?.addEventListener('abort', onAbort, { once: true });
  let sizeBytes = 0;
  try {
    await using file = await open(path, 'wx', 0o600);
    let roomBytes = await freeBytes(dirname(path));
    let pieces: Buffer[] = [];
    let heldBytes = 0;
    // Many small writes one after the other would each wait for a thread: on a busy machine that takes most of the time.
    const writeHeld = async () => {
      await file.writeFile(Buffer.concat(pieces));
      pieces = [];
      heldBytes = 0;
    };
    for await (const piece of source) {
      signal?.throwIfAborted();
      const chunk = typeof piece === 'string' ? Buffer.from(piece) : piece;
      if (chunk.length > roomBytes) roomBytes = sizeBytes > 0 ? await freeBytes(dirname(path)) : roomBytes;
      if (chunk.length > roomBytes) throw noSpace(subject, path, sizeBytes);
      roomBytes -= chunk.length;
      sizeBytes += chunk.length;
      hash.update(chunk);
      pieces.push(chunk);
      heldBytes += chunk.length;
      if (heldBytes >= writeBytes) await writeHeld();
      options.onBytes?.(sizeBytes);
    }
    await writeHeld();
    signal?.throwIfAborted();
    if (!options.passing) await file.datasync();
  } catch (error) {
    signal?.throwIfAborted();
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw noSpace(subject, path, sizeBytes);
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
  if (sizeBytes === 0) throw subject.refuse('broken', `the ${subject.what} is empty`);
  return sizeBytes;
}

function noSpace(subject: ArchiveSubject, path: string, sizeBytes: number): Error {
  return subject.refuse(
    'no-space',
    `no room for the ${subject.what} in ${dirname(path)} after ${sizeBytes} bytes (${reserveBytes} bytes are kept free)`,
    `free some space, or delete ${subject.what}s that are not needed`,
  );
}
