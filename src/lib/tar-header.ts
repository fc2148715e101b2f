/**
 * One tar member's header, read from and written to bytes. Texts are kept as latin1 strings, so that a name that is not
 * UTF-8 keeps its bytes. Written members are always POSIX (pax), whatever they were read from.
 */
export const tarBlockBytes = 512;

export type TarKind = 'file' | 'hardlink' | 'symlink' | 'directory' | 'fifo' | 'character' | 'block';

/** A file with holes: `map` holds the pieces that are stored, one after the other, in the member's data. */
export type TarSparse = { realSizeBytes: number; map: readonly (readonly [offset: number, length: number])[] };

export type TarMember = {
  name: string;
  kind: TarKind;
  /** Target of a hard or symbolic link, empty otherwise. */
  link: string;
  mode: number;
  uid: number;
  gid: number;
  /** Bytes of data that follow the header. */
  sizeBytes: number;
  /** Seconds; the fraction comes from a pax record. */
  modified: number;
  /** Pax records that are not fields above: `SCHILY.xattr.user.x` and the like. */
  records: ReadonlyMap<string, string>;
  sparse?: TarSparse;
};

/** The archive breaks the format. */
export class TarDamaged extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TarDamaged';
  }
}

/** A latin1 text as people should see it: UTF-8 where it is, control characters escaped, not too long. */
export function shownName(name: string): string {
  const text = JSON.stringify(Buffer.from(name, 'latin1').toString('utf8'));
  return text.length > 200 ? `${text.slice(0, 200)}..."` : text;
}

/** Octal text, or base 256 with the highest bit set (GNU, for large values). */
export function readNumber(block: Buffer, offset: number, length: number): number {
  const first = block[offset] ?? 0;
  if (first & 0x80) return readBase256(block, offset, length);
  const text = readText(block, offset, length).trim();
  if (text === '') return 0;
  if (!/^[0-7]+$/.test(text)) throw new TarDamaged(`number field holds ${shownName(text)}`);
  return safe(Number.parseInt(text, 8));
}

function readBase256(block: Buffer, offset: number, length: number): number {
  const negative = ((block[offset] ?? 0) & 0x40) !== 0;
  let value = negative ? -1n : 0n;
  for (let i = 0; i < length; i++) {
    const byte = block[offset + i] ?? 0;
    value = (value << 8n) | BigInt(i === 0 && !negative ? byte & 0x7f : byte);
  }
  return safe(Number(value));
}

function safe(value: number): number {
  if (!Number.isSafeInteger(value)) throw new TarDamaged(`number field holds ${value}, which is absurd`);
  return value;
}

export function readText(block: Buffer, offset: number, length: number): string {
  const field = block.subarray(offset, offset + length);
  const end = field.indexOf(0);
  return field.toString('latin1', 0, end < 0 ? length : end);
}

export function checksumHolds(block: Buffer): boolean {
  const stored = readText(block, 148, 8).trim();
  return /^[0-7]+$/.test(stored) && Number.parseInt(stored, 8) === checksum(block);
}

function checksum(block: Buffer): number {
  let sum = 8 * 0x20;
  for (let i = 0; i < tarBlockBytes; i++) if (i < 148 || i >= 156) sum += block[i] ?? 0;
  return sum;
}

/** `LENGTH key=value\n` ..., LENGTH counting itself. */
export function readRecords(data: Buffer): [key: string, value: string][] {
  const records: [string, string][] = [];
  let at = 0;
  while (at < data.length) {
    const space = data.indexOf(0x20, at);
    const digits = space < 0 ? '' : data.toString('latin1', at, space);
    const length = /^[0-9]{1,9}$/.test(digits) ? Number(digits) : 0;
    const end = at + length;
    const equals = data.indexOf(0x3d, space);
    if (length === 0 || end > data.length || equals < 0 || equals >= end || data[end - 1] !== 0x0a)
      throw new TarDamaged('pax header is broken');
    records.push([data.toString('latin1', space + 1, equals), data.toString('latin1', equals + 1, end - 1)]);
    at = end;
  }
  return records;
}

function writeRecord(key: string, value: string): string {
  const body = ` ${key}=${value}\n`;
  let length = body.length + 1;
  while (String(length).length + body.length !== length) length = String(length).length + body.length;
  return `${length}${body}`;
}

const typeFlags: Record<TarKind, string> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

type Fields = Pick<TarMember, 'name' | 'link' | 'mode' | 'uid' | 'gid' | 'sizeBytes' | 'modified'>;

/** The header bytes of a member; its data, padded by `paddingBytes`, must follow. */
export function writeHeader(member: TarMember): Buffer {
  const records = [...member.records];
  const seconds = Math.trunc(member.modified);
  if (member.name.length > 100) records.push(['path', member.name]);
  if (member.link.length > 100) records.push(['linkpath', member.link]);
  if (member.sizeBytes > 0o77777777777) records.push(['size', String(member.sizeBytes)]);
  if (member.uid > 0o7777777) records.push(['uid', String(member.uid)]);
  if (member.gid > 0o7777777) records.push(['gid', String(member.gid)]);
  if (seconds !== member.modified || seconds < 0 || seconds > 0o77777777777)
    records.push(['mtime', String(member.modified)]);
  if (member.sparse)
    records.push(
      ['GNU.sparse.size', String(member.sparse.realSizeBytes)],
      ['GNU.sparse.numblocks', String(member.sparse.map.length)],
      ['GNU.sparse.map', member.sparse.map.flat().join(',')],
    );
  const main = writeBlock(member, typeFlags[member.kind]);
  if (records.length === 0) return main;
  const body = Buffer.from(records.map(([key, value]) => writeRecord(key, value)).join(''), 'latin1');
  const pax = { name: 'PaxHeader', link: '', mode: 0o644, uid: 0, gid: 0, sizeBytes: body.length, modified: 0 };
  return Buffer.concat([writeBlock(pax, 'x'), body, Buffer.alloc(paddingBytes(body.length)), main]);
}

export function paddingBytes(sizeBytes: number): number {
  return (tarBlockBytes - (sizeBytes % tarBlockBytes)) % tarBlockBytes;
}

function writeBlock(fields: Fields, typeFlag: string): Buffer {
  const block = Buffer.alloc(tarBlockBytes);
  const octal = (value: number, offset: number, length: number) => {
    const largest = 8 ** (length - 1) - 1;
    const fits = value >= 0 && value <= largest ? Math.trunc(value) : 0;
    block.write(fits.toString(8).padStart(length - 1, '0'), offset, 'latin1');
  };
  block.write(fields.name.slice(0, 100), 0, 'latin1');
  octal(fields.mode & 0o7777, 100, 8);
  octal(fields.uid, 108, 8);
  octal(fields.gid, 116, 8);
  octal(fields.sizeBytes, 124, 12);
  octal(fields.modified, 136, 12);
  block.write(typeFlag, 156, 'latin1');
  block.write(fields.link.slice(0, 100), 157, 'latin1');
  block.write('ustar\u000000', 257, 'latin1');
  block.write(`${checksum(block).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}
