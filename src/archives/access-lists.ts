/**
 * Access lists in archives. GNU tar unpacks them from records of its own (`SCHILY.acl.*`, text) and drops what it has none
 * of; Go programs, Incus among them, write the kernel's attribute as it is. The one is made from the other here.
 */

const textOf = { access: 'SCHILY.acl.access', default: 'SCHILY.acl.default' } as const;
const attributeOf = (kind: string) => `SCHILY.xattr.system.posix_acl_${kind}`;

/** Tags of the kernel's entries (include/uapi/linux/posix_acl.h). */
const tags: Record<number, { word: string; named: boolean }> = {
  1: { word: 'user', named: false },
  2: { word: 'user', named: true },
  4: { word: 'group', named: false },
  8: { word: 'group', named: true },
  16: { word: 'mask', named: false },
  32: { word: 'other', named: false },
};

const versionBytes = 4;
const entryBytes = 8;

/** Records with the access lists as GNU tar wants them; a list that makes no sense is left out. */
export function withAccessLists(records: ReadonlyMap<string, string>): Map<string, string> {
  const result = new Map(records);
  for (const [kind, name] of Object.entries(textOf)) {
    const raw = result.get(attributeOf(kind));
    result.delete(attributeOf(kind));
    const text = raw === undefined || result.has(name) ? undefined : accessListText(Buffer.from(raw, 'latin1'));
    if (text !== undefined) result.set(name, text);
  }
  return result;
}

/** `user::rw-,user:1000:r--,...` of the attribute's bytes. */
export function accessListText(bytes: Buffer): string | undefined {
  if (bytes.length < versionBytes || bytes.readUInt32LE(0) !== 2) return undefined;
  if ((bytes.length - versionBytes) % entryBytes !== 0) return undefined;
  const entries: string[] = [];
  for (let at = versionBytes; at < bytes.length; at += entryBytes) {
    const tag = tags[bytes.readUInt16LE(at)];
    const rights = bytes.readUInt16LE(at + 2);
    const id = bytes.readUInt32LE(at + 4);
    if (!tag || rights > 7 || (tag.named && id > 65_535)) return undefined;
    const letters = ['r', 'w', 'x'].map((letter, bit) => (rights & (4 >> bit) ? letter : '-')).join('');
    entries.push(`${tag.word}:${tag.named ? id : ''}:${letters}`);
  }
  return entries.length > 0 ? entries.join(',') : undefined;
}
