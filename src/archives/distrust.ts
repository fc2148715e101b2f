/** Opening an archive that somebody sent: what it is, how much it may grow, and what its damage is called. */
import { open } from 'node:fs/promises';
import { type ArchiveKind, archiveKind, type Compression } from '../lib/archive-magic.ts';
import { HostError } from '../lib/host-error.ts';
import { TarDamaged } from '../lib/tar-header.ts';
import type { ArchiveLimits } from './check-members.ts';
import type { ArchiveSubject } from './subject.ts';

export async function kindOf(path: string, subject: ArchiveSubject): Promise<ArchiveKind> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0);
  const kind = archiveKind(buffer.subarray(0, bytesRead));
  if (kind) return kind;
  throw subject.refuse('broken', `the ${subject.what} is neither a tar archive nor compressed in a known way`);
}

export async function compressionOf(path: string, subject: ArchiveSubject): Promise<Compression> {
  const kind = await kindOf(path, subject);
  if (kind === 'squashfs')
    throw subject.refuse(
      'unsupported',
      `the ${subject.what} is a squashfs file, which cannot be unpacked here`,
      'use the tar.xz form of the image, or convert it: unsquashfs -d root FILE && tar -C root --numeric-owner -cJf root.tar.xz .',
    );
  if (kind === 'qcow2')
    throw subject.refuse(
      'unsupported',
      `the ${subject.what} is a qcow2 disk of a virtual machine, not a container image`,
    );
  return kind;
}

/** Honest archives shrink to a hundredth at best; beyond a thousandth somebody wants to fill the disk. */
const largestRatio = 2000;
const ratioGraceBytes = 256 * 1024 * 1024;

export async function expansionGuard(
  path: string,
  limits: ArchiveLimits,
  subject: ArchiveSubject,
): Promise<(bytes: number) => void> {
  await using file = await open(path);
  const { size } = await file.stat();
  const limitBytes = Math.max(ratioGraceBytes, size * largestRatio);
  let expandedBytes = 0;
  return (bytes) => {
    expandedBytes += bytes;
    if (expandedBytes > limitBytes)
      throw subject.refuse('too-big', `the ${subject.what}'s ${size} bytes expand to more than ${limitBytes}: a bomb`);
    // Headers and padding come on top of the files.
    if (expandedBytes > 2 * limits.storedBytes + ratioGraceBytes)
      throw subject.refuse(
        'too-big',
        `the ${subject.what} expands to more than the ${limits.storedBytes} bytes that may be used`,
      );
  };
}

/** What a decompressor or the scanner says, as a refusal; missing programs stay what they are. */
export function archiveError(error: unknown, form: ArchiveKind, subject: ArchiveSubject): unknown {
  if (error instanceof TarDamaged) return subject.refuse('broken', `the ${subject.what} is damaged: ${error.message}`);
  if (error instanceof HostError) {
    if (error.exitCode === undefined) return error;
    return subject.refuse('broken', `the ${subject.what} is damaged: ${error.message}`);
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (/^(Z_|ZSTD_|ERR_ZSTD|ERR_ZLIB|ERR__ZSTD)/.test(code))
    return subject.refuse('broken', `the ${subject.what} is damaged: ${form}: ${(error as Error).message}`);
  return error;
}
