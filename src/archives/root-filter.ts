/**
 * Turns an archive into the one that is unpacked: only what lies below the root file system, its prefix taken off,
 * without device nodes and what lies in /dev, with the extended attributes that a guest may bring. Every header is written anew, so
 * that GNU tar sees exactly what was checked here.
 */
import { paddingBytes, shownName, type TarMember, tarBlockBytes, writeHeader } from '../lib/tar-header.ts';
import { createTarScanner, type TarScanner } from '../lib/tar-scan.ts';
import { withAccessLists } from './access-lists.ts';
import { type ArchiveLimits, type CheckedMember, createMemberCheck } from './check-members.ts';
import type { ArchiveSubject } from './subject.ts';

export type FilterOptions = {
  /** Where the root file system lies in the archive: `rootfs` in a unified image, empty in a split one. */
  prefix: string;
  limits: ArchiveLimits;
  subject: ArchiveSubject;
};

/** An async transform of chunks, for `stream.pipeline`. */
export function rootFilter(options: FilterOptions) {
  return async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let out: Buffer[] = [];
    const scanner = filterScanner(options, (piece) => out.push(piece));
    for await (const chunk of source) {
      scanner.push(chunk);
      if (out.length > 0) yield out.length === 1 && out[0] ? out[0] : Buffer.concat(out);
      out = [];
    }
    scanner.finish();
    yield Buffer.alloc(2 * tarBlockBytes);
  };
}

function filterScanner(options: FilterOptions, write: (piece: Buffer) => void): TarScanner {
  const check = createMemberCheck(options.limits, options.subject);
  let passing = false;
  let sizeBytes = 0;
  return createTarScanner({
    member(raw) {
      const member = rootMember(check(raw), options.prefix, options.subject);
      passing = member !== undefined;
      if (!member) return;
      sizeBytes = member.sizeBytes;
      write(writeHeader(member));
    },
    data(piece) {
      if (passing) write(piece);
    },
    memberEnd() {
      const padding = paddingBytes(sizeBytes);
      if (passing && padding > 0) write(Buffer.alloc(padding));
    },
  });
}

/** The member as it is unpacked, undefined when it is left out. `keep.dev`: the tree is no root file system. */
export function rootMember(
  member: CheckedMember,
  prefix: string,
  subject: ArchiveSubject,
  keep: { dev: boolean } = { dev: false },
): TarMember | undefined {
  const path = below(member.path, prefix);
  if (path === undefined || (!keep.dev && isDevice(path, member))) return undefined;
  if (member.kind === 'character' || member.kind === 'block') return undefined;
  let link = member.link;
  if (member.kind === 'hardlink') {
    const target = below(member.linkPath, prefix);
    if (target === undefined || target === '')
      throw subject.refuse(
        'hostile',
        `${subject.what} member ${shownName(member.name)}: its link target ${shownName(member.link)} is outside the root file system`,
      );
    link = `./${target}`;
  }
  const name = `./${path}${member.kind === 'directory' && path !== '' ? '/' : ''}`;
  return { ...member, name, link, records: guestRecords(member.records) };
}

/** What a guest finds in /dev is made for it at each start. */
function isDevice(path: string, member: TarMember): boolean {
  return path.startsWith('dev/') || (path === 'dev' && member.kind !== 'directory');
}

function below(path: string, prefix: string): string | undefined {
  if (prefix === '') return path;
  if (path === prefix) return '';
  return path.startsWith(`${prefix}/`) ? path.slice(prefix.length + 1) : undefined;
}

/**
 * File capabilities, access lists and user attributes. The rest would be taken at its word by the host's kernel:
 * `trusted.overlay.*` and `user.overlay.*` redirect lookups of the overlay file system, `security.ima` and the like label.
 */
function guestRecords(records: ReadonlyMap<string, string>): Map<string, string> {
  return new Map(
    [...withAccessLists(records)].filter(
      ([key]) =>
        key === 'SCHILY.xattr.security.capability' ||
        key.startsWith('SCHILY.acl.') ||
        (key.startsWith('SCHILY.xattr.user.') && !key.startsWith('SCHILY.xattr.user.overlay.')),
    ),
  );
}
