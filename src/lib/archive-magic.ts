/** Tells by its first bytes what a file is compressed with, or that it is a disk image. Pure. */
import { checksumHolds, tarBlockBytes } from './tar-header.ts';

export type Compression = 'none' | 'gzip' | 'xz' | 'bzip2' | 'zstd' | 'lzma';
export type ArchiveKind = Compression | 'squashfs' | 'qcow2';

const magics: [kind: ArchiveKind, bytes: string][] = [
  ['gzip', '1f8b'],
  ['xz', 'fd377a585a00'],
  ['bzip2', '425a68'],
  ['zstd', '28b52ffd'],
  // The plain LZMA format has no magic: properties 5d (the only ones in use), then a dictionary size below 4 GiB.
  ['lzma', '5d0000'],
  ['squashfs', '68737173'],
  ['qcow2', '514649fb'],
];

/** `head` holds the first 512 bytes, or the whole file when it is shorter. */
export function archiveKind(head: Buffer): ArchiveKind | undefined {
  const hex = head.toString('hex', 0, 8);
  const found = magics.find(([, bytes]) => hex.startsWith(bytes));
  if (found) return found[0];
  return head.length >= tarBlockBytes && checksumHolds(head.subarray(0, tarBlockBytes)) ? 'none' : undefined;
}

export const compressionSuffix: Record<Compression, string> = {
  none: '.tar',
  gzip: '.tar.gz',
  xz: '.tar.xz',
  bzip2: '.tar.bz2',
  zstd: '.tar.zst',
  lzma: '.tar.lzma',
};
