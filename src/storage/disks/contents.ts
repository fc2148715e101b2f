/** The bytes of a disk's states on their way out: a raw file with holes, which has lost its name before anybody reads it. */
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiskContent, DiskPiece, Extent } from '../../core/ports/disk-content.ts';
import { dataExtents } from '../../host/data-extents.ts';

/** Less than this between two pieces is read with them. */
const leastHoleBytes = 64 * 1024;
/** What is told of a disk stays small, however torn it is. */
const mostExtents = 8192;
const readBytes = 1024 * 1024;

/** `write` puts the bytes into a new file. Nothing is left of it when the daemon is killed later, or the content disposed of. */
export async function contentOf(directory: string, write: (path: string) => Promise<void>): Promise<DiskContent> {
  const path = join(directory, 'content');
  await write(path);
  const file = await open(path, 'r');
  try {
    const { size: sizeBytes } = await file.stat();
    const extents = extentsOf(file, sizeBytes);
    return { sizeBytes, extents, read: () => readExtents(file, extents), [Symbol.asyncDispose]: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function extentsOf(file: FileHandle, sizeBytes: number): Extent[] {
  for (let least = leastHoleBytes; ; least *= 4) {
    const extents = dataExtents(file.fd, sizeBytes, least);
    if (extents.length <= mostExtents) return extents;
  }
}

async function* readExtents(file: FileHandle, extents: readonly Extent[]): AsyncGenerator<DiskPiece> {
  for (const { offset, lengthBytes } of extents)
    for (let done = 0; done < lengthBytes; ) {
      const wanted = Math.min(readBytes, lengthBytes - done);
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafeSlow(wanted), 0, wanted, offset + done);
      if (bytesRead === 0) throw new Error(`a disk's content ends before ${offset + done}`);
      yield { offset: offset + done, bytes: buffer.subarray(0, bytesRead) };
      done += bytesRead;
    }
}
