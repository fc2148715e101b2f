/** The files of a kept image as a tar stream, whatever form it came in. */
import { ImageRefused } from '../core/ports/images.ts';
import { decompressedFile } from '../host/compress.ts';
import { SquashfsRefused, squashfsAsTar } from '../host/squashfs.ts';
import type { ArchiveKind } from '../lib/archive-magic.ts';

/** Where squashfs images are taken apart, and as whom. */
export type TakingApart = { scratchDirectory: string; idBase: number };

export async function* openArchive(
  path: string,
  form: Exclude<ArchiveKind, 'qcow2'>,
  options: { apart: TakingApart; storedBytes: number; signal?: AbortSignal | undefined },
): AsyncGenerator<Buffer> {
  const { apart, storedBytes, signal } = options;
  if (form !== 'squashfs') return yield* decompressedFile(path, form, { signal });
  try {
    yield* squashfsAsTar(path, { ...apart, storedBytes, signal });
  } catch (error) {
    if (error instanceof SquashfsRefused)
      throw new ImageRefused(error.reason, `the image's squashfs: ${error.message}`);
    throw error;
  }
}
