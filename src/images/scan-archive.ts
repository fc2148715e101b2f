/** Reads an archive file from end to end: every member is checked, `metadata.yaml` and the templates are kept. */
import { open } from 'node:fs/promises';
import { ImageRefused } from '../core/ports/images.ts';
import { decompressedFile } from '../host/compress.ts';
import { archiveKind, type Compression } from '../lib/archive-magic.ts';
import { HostError } from '../lib/host-error.ts';
import { shownName, TarDamaged } from '../lib/tar-header.ts';
import { createTarScanner, type TarScanner } from '../lib/tar-scan.ts';
import { type CheckedMember, createMemberCheck, type ImageLimits } from './check-members.ts';
import { isTemplateName, metadataLimitBytes } from './metadata.ts';
import { rootMember } from './root-filter.ts';

export type ArchiveContent = {
  compression: Compression;
  metadata: string | undefined;
  templates: Record<string, string>;
  /** Members below the root file system. */
  rootMembers: number;
};

export type ScanOptions = {
  /** Where the root file system lies, undefined when the archive holds none. */
  rootPrefix: string | undefined;
  limits: ImageLimits;
  signal?: AbortSignal | undefined;
};

const templateLimitBytes = 1024 * 1024;
const templatesLimit = 200;

export async function scanArchive(path: string, options: ScanOptions): Promise<ArchiveContent> {
  const compression = await compressionOf(path);
  const content: ArchiveContent = { compression, metadata: undefined, templates: {}, rootMembers: 0 };
  const scanner = contentScanner(content, options);
  try {
    const guard = await expansionGuard(path, options.limits);
    for await (const chunk of decompressedFile(path, compression, { signal: options.signal })) {
      guard(chunk.length);
      scanner.push(chunk);
      options.signal?.throwIfAborted();
    }
    scanner.finish();
  } catch (error) {
    options.signal?.throwIfAborted();
    throw archiveError(error, compression);
  }
  return content;
}

async function compressionOf(path: string): Promise<Compression> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0);
  const kind = archiveKind(buffer.subarray(0, bytesRead));
  if (kind === 'squashfs')
    throw new ImageRefused(
      'unsupported',
      'the image is a squashfs file, which cannot be unpacked here',
      'use the tar.xz form of the image, or convert it: unsquashfs -d root FILE && tar -C root --numeric-owner -cJf root.tar.xz .',
    );
  if (kind === 'qcow2')
    throw new ImageRefused('unsupported', 'the image is a qcow2 disk of a virtual machine, not a container image');
  if (!kind) throw new ImageRefused('broken', 'the image is neither a tar archive nor compressed in a known way');
  return kind;
}

function contentScanner(content: ArchiveContent, options: ScanOptions): TarScanner {
  const check = createMemberCheck(options.limits);
  let pieces: Buffer[] | undefined;
  let member: CheckedMember | undefined;
  return createTarScanner({
    member(raw) {
      member = check(raw);
      if (options.rootPrefix !== undefined && rootMember(member, options.rootPrefix)) content.rootMembers++;
      pieces = isKept(member, content) ? [] : undefined;
    },
    data(piece) {
      pieces?.push(Buffer.from(piece));
    },
    memberEnd() {
      if (!pieces || !member) return;
      const text = Buffer.concat(pieces).toString('utf8');
      if (member.path === 'metadata.yaml') content.metadata = text;
      else content.templates[Buffer.from(member.path.slice('templates/'.length), 'latin1').toString('utf8')] = text;
      pieces = undefined;
    },
  });
}

function isKept(member: CheckedMember, content: ArchiveContent): boolean {
  const isMetadata = member.path === 'metadata.yaml';
  const isTemplate = member.path.startsWith('templates/') && isTemplateName(member.path.slice('templates/'.length));
  if (!isMetadata && !(isTemplate && member.kind === 'file')) return false;
  if (isMetadata && member.kind !== 'file')
    throw new ImageRefused('hostile', `image member ${shownName(member.name)}: a ${member.kind}, not a file`);
  const limitBytes = isMetadata ? metadataLimitBytes : templateLimitBytes;
  if (member.sizeBytes > limitBytes || member.sparse || Object.keys(content.templates).length >= templatesLimit)
    throw new ImageRefused(
      'too-big',
      `image member ${shownName(member.name)}: ${member.sizeBytes} bytes (at most ${limitBytes} and ${templatesLimit} templates)`,
    );
  return true;
}

/** Honest archives shrink to a hundredth at best; beyond a thousandth somebody wants to fill the disk. */
const largestRatio = 2000;
const ratioGraceBytes = 256 * 1024 * 1024;

async function expansionGuard(path: string, limits: ImageLimits): Promise<(bytes: number) => void> {
  await using file = await open(path);
  const { size } = await file.stat();
  const limitBytes = Math.max(ratioGraceBytes, size * largestRatio);
  let expandedBytes = 0;
  return (bytes) => {
    expandedBytes += bytes;
    if (expandedBytes > limitBytes)
      throw new ImageRefused('too-big', `the image's ${size} bytes expand to more than ${limitBytes}: a bomb`);
    // Headers and padding come on top of the files.
    if (expandedBytes > 2 * limits.storedBytes + ratioGraceBytes)
      throw new ImageRefused(
        'too-big',
        `the image expands to more than the ${limits.storedBytes} bytes that may be used`,
      );
  };
}

/** What a decompressor or the scanner says, as a refusal; missing programs stay what they are. */
function archiveError(error: unknown, compression: Compression): unknown {
  if (error instanceof ImageRefused) return error;
  if (error instanceof TarDamaged) return new ImageRefused('broken', `the image is damaged: ${error.message}`);
  if (error instanceof HostError) {
    if (error.exitCode === undefined) return error;
    return new ImageRefused('broken', `the image is damaged: ${error.message}`);
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (/^(Z_|ZSTD_|ERR_ZSTD|ERR_ZLIB|ERR__ZSTD)/.test(code))
    return new ImageRefused('broken', `the image is damaged: ${compression}: ${(error as Error).message}`);
  return error;
}
