/**
 * What an archive from outside may hold. One checker per archive, asked for every member in order; it throws the subject's
 * refusal with the member's name. The same checker guards receiving and unpacking, so that a file changed on disk gets nowhere.
 */
import { nobody } from '../core/ports/id-range.ts';
import { ownNamespaces } from '../host/own-namespaces.ts';
import { shownName, type TarMember } from '../lib/tar-header.ts';
import type { ArchiveSubject } from './subject.ts';

export type ArchiveLimits = {
  members: number;
  /** Sum of what all files take on disk, holes not counted. */
  storedBytes: number;
  /** Apparent size of one file. */
  fileBytes: number;
};

export const defaultLimits: ArchiveLimits = {
  members: 2_000_000,
  storedBytes: 1024 ** 4,
  fileBytes: 1024 ** 4,
};

/** Guests own 65536 ids; an owner beyond would belong to nobody inside, or to somebody on the host. */
const largestId = 65_535;

/** Parts of an archive that are read and not unpacked, so that it does not matter whose they are. */
const isAboutIt = /^(metadata\.yaml|templates|backup\/index\.yaml)(\/|$)/;

export type CheckedMember = TarMember & { path: string; linkPath: string };

/** Gives back the member with its path (and that of a hard link's target) relative to the archive's top, `''` for the top. */
export function createMemberCheck(
  limits: ArchiveLimits,
  subject: ArchiveSubject,
): (member: TarMember) => CheckedMember {
  const hostile = (name: string, why: string) =>
    subject.refuse('hostile', `${subject.what} member ${shownName(name)}: ${why}`);
  const tooBig = (member: TarMember, why: string) =>
    subject.refuse('too-big', `${subject.what} member ${shownName(member.name)}: ${why}`);
  const ids = ownNamespaces()?.ids ?? largestId + 1;
  const isTooMuch = (id: number) => id >= ids && id !== nobody;
  const symlinks = new Set<string>();
  let members = 0;
  let storedBytes = 0;
  return (member) => {
    // Slashes at the front mean nothing, as to tar: the archive's top is the root. Incus's own test images have such names.
    const path = insidePath(member.name.replace(/^\/+/, './'), member.name, 'its name', hostile);
    members++;
    storedBytes += member.sizeBytes;
    if (members > limits.members) throw tooBig(member, `more than ${limits.members} members`);
    if (storedBytes > limits.storedBytes)
      throw tooBig(member, `its files need more than the ${limits.storedBytes} bytes that may be used`);
    const apparentBytes = member.sparse?.realSizeBytes ?? member.sizeBytes;
    if (apparentBytes > limits.fileBytes) throw tooBig(member, `a file of ${apparentBytes} bytes`);
    if (member.uid > largestId || member.gid > largestId || member.uid < 0 || member.gid < 0)
      throw hostile(member.name, `its owner ${member.uid}:${member.gid} is outside 0 to ${largestId}`);
    if (!isAboutIt.test(path) && (isTooMuch(member.uid) || isTooMuch(member.gid)))
      throw subject.refuse(
        'unsupported',
        `${subject.what} member ${shownName(member.name)}: its owner ${member.uid}:${member.gid} is beyond the ${ids} ids that this user has`,
        'more ids in /etc/subuid and /etc/subgid: gast doctor shows the line',
      );
    if ((member.kind === 'symlink' || member.kind === 'hardlink') && member.link === '')
      throw hostile(member.name, 'it is a link to nothing');
    throughSymlink(symlinks, path, member.name, hostile);
    const linkPath = member.kind === 'hardlink' ? insidePath(member.link, member.name, 'its link target', hostile) : '';
    if (linkPath !== '') throughSymlink(symlinks, linkPath, member.name, hostile);
    if (symlinks.has(path) && member.kind !== 'symlink') throw hostile(member.name, 'it was a symbolic link before');
    if (member.kind === 'symlink') symlinks.add(path);
    return { ...member, path, linkPath };
  };
}

type Refusal = (name: string, why: string) => Error;

function insidePath(raw: string, name: string, what: string, hostile: Refusal): string {
  if (raw.includes('\0')) throw hostile(name, `${what} has a NUL byte`);
  if (raw.startsWith('/')) throw hostile(name, `${what} ${shownName(raw)} is absolute`);
  const parts = raw.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw hostile(name, `${what} ${shownName(raw)} leads out with ".."`);
  if (raw === '') throw hostile(name, `${what} is empty`);
  if (raw.length > 4095 || parts.some((part) => part.length > 255)) throw hostile(name, `${what} is too long`);
  return parts.join('/');
}

/** No member may be written through a symbolic link of the same archive: it could lead anywhere. */
function throughSymlink(symlinks: ReadonlySet<string>, path: string, name: string, hostile: Refusal): void {
  if (symlinks.size === 0) return;
  for (let at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1)) {
    const parent = path.slice(0, at);
    if (symlinks.has(parent)) throw hostile(name, `it lies below the symbolic link ${shownName(parent)}`);
  }
}
