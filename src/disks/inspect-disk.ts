/** Which format a disk image has, told by its content, and whether it may be taken: one row of a table per format. */
import { type DiskBytes, refused } from './disk-bytes.ts';
import { judgeQcow2 } from './qcow2.ts';
import { isMarked, judgeRaw, looksRaw, rawHeadBytes } from './raw.ts';
import { judgeVdi, vdiMagic, vdiMagicAt } from './vdi.ts';
import { judgeVhd, vhdMagic } from './vhd.ts';
import { judgeVhdx, vhdxMagic } from './vhdx.ts';
import { isVmdkText, judgeVmdk, oldSparseMagic, sparseMagic } from './vmdk.ts';

type Format = {
  /** What qemu-img calls it. */
  driver: string;
  /** Whether `qemu-img check` can look for data that are missing. */
  checkable: boolean;
  recognise(head: Buffer, tail: Buffer): boolean;
  /** The size of the disk. Throws `HostError` when it is refused. */
  judge(bytes: DiskBytes, maxSizeBytes: number): Promise<number>;
};

const starting = (magic: string) => (head: Buffer) => isMarked(head, { at: 0, bytes: magic });

/** Raw is the last: anything may look like it. */
export const diskFormats = {
  qcow2: { driver: 'qcow2', checkable: true, recognise: starting('QFI\xfb'), judge: judgeQcow2 },
  vmdk: {
    driver: 'vmdk',
    checkable: true,
    recognise: (head) => starting(sparseMagic)(head) || starting(oldSparseMagic)(head) || isVmdkText(head),
    judge: judgeVmdk,
  },
  vdi: {
    driver: 'vdi',
    checkable: true,
    recognise: (head) => head.length >= vdiMagicAt + 4 && head.readUInt32LE(vdiMagicAt) === vdiMagic,
    judge: judgeVdi,
  },
  vhdx: { driver: 'vhdx', checkable: true, recognise: starting(vhdxMagic), judge: judgeVhdx },
  vhd: {
    driver: 'vpc',
    checkable: false,
    recognise: (head, tail) => starting(vhdMagic)(head) || starting(vhdMagic)(tail),
    judge: judgeVhd,
  },
  raw: { driver: 'raw', checkable: false, recognise: looksRaw, judge: judgeRaw },
} as const satisfies Record<string, Format>;

export type DiskFormat = keyof typeof diskFormats;
export const diskFormatNames = Object.keys(diskFormats) as DiskFormat[];

/** What people give by mistake, with what to do. */
const others: readonly { bytes: string; at?: number; what: string; help: string }[] = [
  { bytes: '\x1f\x8b', what: 'compressed with gzip', help: 'unpack it first: gunzip' },
  { bytes: '\xfd7zXZ\0', what: 'compressed with xz', help: 'unpack it first: unxz' },
  { bytes: '\x28\xb5\x2f\xfd', what: 'compressed with zstd', help: 'unpack it first: unzstd' },
  { bytes: 'BZh', what: 'compressed with bzip2', help: 'unpack it first: bunzip2' },
  { bytes: 'PK\x03\x04', what: 'a zip archive', help: 'unpack it first: unzip' },
  { bytes: '7z\xbc\xaf\x27\x1c', what: 'a 7z archive', help: 'unpack it first' },
  { bytes: 'ustar', at: 257, what: 'a tar archive', help: 'unpack it first: an OVA is such an archive' },
  { bytes: 'QED\0', what: 'of the format QED', help: 'convert it: qemu-img convert -f qed -O qcow2' },
  { bytes: 'WithoutFreeSpace', what: 'of the format of Parallels', help: 'convert it: qemu-img convert -O qcow2' },
  { bytes: 'WithouFreSpacExt', what: 'of the format of Parallels', help: 'convert it: qemu-img convert -O qcow2' },
];

export type InspectedDisk = { format: DiskFormat; virtualSizeBytes: number };
export type InspectOptions = {
  /** What it has to be. Without it the content says; a raw disk has to have something that is known on it. */
  format?: DiskFormat;
  maxSizeBytes: number;
};

/** Throws `HostError` with what was found and what to do when the image is not to be taken. */
export async function inspectDisk(bytes: DiskBytes, options: InspectOptions): Promise<InspectedDisk> {
  if (bytes.sizeBytes === 0) throw refused('the file is empty', 'it was not copied: copy or download it again');
  const head = await bytes.read(0, rawHeadBytes);
  const tail = await bytes.read(Math.max(0, bytes.sizeBytes - 512), 512);
  const format = options.format ?? recognise(head, tail);
  const row: Format = diskFormats[format];
  // Any bytes may be on a raw disk, those of another format too.
  if (format !== 'raw' && !row.recognise(head, tail))
    throw refused(`it is not of the format ${format}`, `say another one of ${diskFormatNames.join(', ')}, or none`);
  return { format, virtualSizeBytes: await row.judge(bytes, options.maxSizeBytes) };
}

const known = (head: Buffer, tail: Buffer): DiskFormat | undefined =>
  diskFormatNames.find((name) => (diskFormats[name] as Format).recognise(head, tail));

/** The format, undefined when it is none of these; nothing is judged. */
export async function isDiskImage(bytes: DiskBytes): Promise<DiskFormat | undefined> {
  return known(await bytes.read(0, rawHeadBytes), await bytes.read(Math.max(0, bytes.sizeBytes - 512), 512));
}

function recognise(head: Buffer, tail: Buffer): DiskFormat {
  const found = known(head, tail);
  if (found) return found;
  const other = others.find(({ at = 0, bytes }) => isMarked(head, { at, bytes }));
  if (other) throw refused(`it is ${other.what}`, other.help);
  throw refused(
    'nothing tells its format: no known header, no partitions, no file system',
    'when its bytes are those of the disk, say the format raw',
  );
}
