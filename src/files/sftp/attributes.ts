/** Attributes of files as SFTP carries them, and the line of `ls -l` that goes with a name. */
import { BrokenPacket, type Fields, uint32, uint64 } from './wire.ts';

const flags = { size: 1, owner: 2, permissions: 4, times: 8, extended: 0x80000000 } as const;

/** What a client wants a file to be; absent parts stay as they are. */
export type Attributes = {
  sizeBytes?: number;
  owner?: { uid: number; gid: number };
  /** Permission bits only: the kind of a file cannot be changed. */
  mode?: number;
  times?: { accessedSeconds: number; modifiedSeconds: number };
};

/** What is told about a file; `mode` has the bits of its kind. */
export type Status = {
  sizeBytes: number;
  uid: number;
  gid: number;
  mode: number;
  accessedSeconds: number;
  modifiedSeconds: number;
};

export function readAttributes(fields: Fields): Attributes {
  const given = fields.uint32();
  const attributes: Attributes = {};
  if (given & flags.size) attributes.sizeBytes = fields.uint64();
  if (given & flags.owner) attributes.owner = { uid: fields.uint32(), gid: fields.uint32() };
  if (given & flags.permissions) attributes.mode = fields.uint32() & 0o7777;
  if (given & flags.times) attributes.times = { accessedSeconds: fields.uint32(), modifiedSeconds: fields.uint32() };
  if (given & flags.extended) skipExtended(fields);
  return attributes;
}

function skipExtended(fields: Fields): void {
  const count = fields.uint32();
  if (count * 8 > fields.left) throw new BrokenPacket('more attributes than the packet holds');
  for (let at = 0; at < count; at++) {
    fields.bytes();
    fields.bytes();
  }
}

export function attributeBytes(status: Status): Buffer {
  return Buffer.concat([
    uint32(flags.size | flags.owner | flags.permissions | flags.times),
    uint64(status.sizeBytes),
    uint32(status.uid),
    uint32(status.gid),
    uint32(status.mode),
    uint32(clampSeconds(status.accessedSeconds)),
    uint32(clampSeconds(status.modifiedSeconds)),
  ]);
}

/** Version 3 has 32 bits without a sign. */
const clampSeconds = (seconds: number) => Math.min(0xffffffff, Math.max(0, Math.floor(seconds)));

export const noAttributes = uint32(0);

const kinds: Record<number, string> = {
  26411: 's',
  21609: 'l',
  16807: '-',
  14406: 'b',
  9604: 'd',
  4802: 'c',
  2401: 'p',
};

/** `-rw-r--r--    1 0        0              7 Nov 22 00:25 f1`; clients show it, none should read it. */
export function longName(name: Buffer, status: Status): Buffer {
  const date = new Date(status.modifiedSeconds * 1000);
  const day = `${date.toLocaleString('en', { month: 'short', timeZone: 'UTC' })} ${String(date.getUTCDate()).padStart(2)}`;
  const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
  const owner = `${String(status.uid).padEnd(8)} ${String(status.gid).padEnd(8)}`;
  const line = `${letters(status.mode)}    1 ${owner} ${String(status.sizeBytes).padStart(8)} ${day} ${time} `;
  return Buffer.concat([Buffer.from(line), name]);
}

const two = (value: number) => String(value).padStart(2, '0');

function letters(mode: number): string {
  const group = (bits: number, special: boolean, letter: string) => {
    const execute = bits & 1 ? (special ? letter : 'x') : special ? letter.toUpperCase() : '-';
    return `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${execute}`;
  };
  const kind = kinds[mode & 0o170000] ?? '?';
  const user = group((mode >> 6) & 7, (mode & 0o4000) !== 0, 's');
  return `${kind}${user}${group((mode >> 3) & 7, (mode & 0o2000) !== 0, 's')}${group(mode & 7, (mode & 0o1000) !== 0, 't')}`;
}
