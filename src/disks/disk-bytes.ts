/** The bytes of a file that somebody else made, and the words in which one is refused. Nothing here trusts a length. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { HostError } from '../lib/host-error.ts';

export type DiskBytes = {
  readonly sizeBytes: number;
  /** Fewer bytes than asked for when the file ends before. Offsets beyond what a number can hold are beyond the end. */
  read(offset: number | bigint, lengthBytes: number): Promise<Buffer>;
};

/** Opens a file for looking at; it is not followed when it is a link, and nothing but a regular file will do. */
export async function openDiskBytes(path: string): Promise<DiskBytes & AsyncDisposable> {
  // Without O_NONBLOCK, opening a FIFO would wait for a writer.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(refuseLink);
  try {
    const status = await file.stat();
    if (!status.isFile()) throw refused('this is not a regular file', 'give the disk image as a file');
    return { ...bytesOf(file, status.size), [Symbol.asyncDispose]: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function refuseLink(error: NodeJS.ErrnoException): never {
  if (error.code === 'ELOOP') throw refused('this is a symbolic link', 'give the disk image as a file');
  throw error;
}

function bytesOf(file: FileHandle, sizeBytes: number): DiskBytes {
  return {
    sizeBytes,
    async read(offset, lengthBytes) {
      const start = Number(offset);
      if (start >= sizeBytes) return Buffer.alloc(0);
      const wanted = Math.min(lengthBytes, sizeBytes - start);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(wanted), 0, wanted, start);
      return buffer.subarray(0, bytesRead);
    },
  };
}

/** The same over bytes in memory. */
export const diskBytesOf = (content: Buffer): DiskBytes => ({
  sizeBytes: content.length,
  read: async (offset, lengthBytes) => content.subarray(Number(offset), Number(offset) + lengthBytes),
});

/** A file that is not taken, with what was found and what to do about it. */
export const refused = (found: string, help: string): HostError =>
  new HostError(`the disk image is refused: ${found}`, { errno: 'EINVAL', help });

export const truncated = (what: string): HostError =>
  refused(`the file ends before its ${what} does`, 'it was not copied as a whole: copy or download it again');

/** Text from the file, fit for a message: it may hold anything. */
export const shown = (text: Buffer | string): string =>
  JSON.stringify(
    text
      .toString('latin1')
      .replace(/[^\x20-\x7e]/g, '?')
      .slice(0, 120),
  );

/** What is left of a size once it is known to be none of the absurd ones. */
export function checkedSize(sizeBytes: bigint, maxSizeBytes: number): number {
  if (sizeBytes <= 0n) throw refused('it says that its disk has no bytes', 'make it anew');
  if (sizeBytes > BigInt(maxSizeBytes))
    throw refused(`its disk has ${sizeBytes} bytes, more than the ${maxSizeBytes} that are allowed`, 'allow more');
  return Number(sizeBytes);
}
