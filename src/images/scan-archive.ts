/** Reads an archive file from end to end: every member is checked, `metadata.yaml` and the templates are kept. */
import { type ArchiveLimits, type CheckedMember, createMemberCheck } from '../archives/check-members.ts';
import { archiveError, expansionGuard, kindOf } from '../archives/distrust.ts';
import { rootMember } from '../archives/root-filter.ts';
import { ImageRefused } from '../core/ports/images.ts';
import type { ArchiveKind } from '../lib/archive-magic.ts';
import { shownName } from '../lib/tar-header.ts';
import { createTarScanner, type TarScanner } from '../lib/tar-scan.ts';
import { imageArchive } from './image-archive.ts';
import { isTemplateName, metadataLimitBytes } from './metadata.ts';
import { openArchive, type TakingApart } from './open-archive.ts';

export type ArchiveContent = {
  form: ArchiveKind;
  metadata: string | undefined;
  templates: Record<string, string>;
  /** Members below the root file system. */
  rootMembers: number;
  /** It is, or holds beside `metadata.yaml`, the disk of a virtual machine. */
  hasDisk: boolean;
};

export type ScanOptions = {
  /** Where the root file system lies, undefined when the archive holds none. */
  rootPrefix: string | undefined;
  limits: ArchiveLimits;
  apart: TakingApart;
  signal?: AbortSignal | undefined;
};

const templateLimitBytes = 1024 * 1024;
const templatesLimit = 200;

export async function scanArchive(path: string, options: ScanOptions): Promise<ArchiveContent> {
  const form = await kindOf(path, imageArchive);
  const content: ArchiveContent = { form, metadata: undefined, templates: {}, rootMembers: 0, hasDisk: false };
  if (form === 'qcow2') return { ...content, hasDisk: true };
  const scanner = contentScanner(content, options);
  try {
    const guard = await expansionGuard(path, options.limits, imageArchive);
    const { apart, limits, signal } = options;
    for await (const chunk of openArchive(path, form, { apart, storedBytes: limits.storedBytes, signal })) {
      guard(chunk.length);
      scanner.push(chunk);
      options.signal?.throwIfAborted();
    }
    scanner.finish();
  } catch (error) {
    options.signal?.throwIfAborted();
    throw archiveError(error, form, imageArchive);
  }
  return content;
}

function contentScanner(content: ArchiveContent, options: ScanOptions): TarScanner {
  const check = createMemberCheck(options.limits, imageArchive);
  let pieces: Buffer[] | undefined;
  let member: CheckedMember | undefined;
  return createTarScanner({
    member(raw) {
      member = check(raw);
      if (member.path === 'rootfs.img' && member.kind === 'file') content.hasDisk = true;
      if (options.rootPrefix !== undefined && rootMember(member, options.rootPrefix, imageArchive))
        content.rootMembers++;
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
