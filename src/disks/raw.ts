/** Judging raw disks: their bytes are the disk's, so that nothing can be wrong with them but their number. */
import { checkedSize, type DiskBytes, refused } from './disk-bytes.ts';

const sectorBytes = 512;

export async function judgeRaw({ sizeBytes }: DiskBytes, maxSizeBytes: number): Promise<number> {
  if (sizeBytes % sectorBytes !== 0)
    throw refused(
      `it has ${sizeBytes} bytes, which is no whole number of sectors`,
      'if it was copied as a whole, make it longer: truncate --size=%512 IMAGE',
    );
  return checkedSize(BigInt(sizeBytes), maxSizeBytes);
}

type Mark = { at: number; bytes: string };

/** What a disk that is no container of another format starts with. */
const starts: readonly Mark[] = [
  { at: 510, bytes: '\x55\xaa' }, // a boot sector, MBR or GPT
  { at: 512, bytes: 'EFI PART' },
  { at: 32_769, bytes: 'CD001' },
  { at: 1080, bytes: '\x53\xef' }, // ext2 to ext4
  { at: 0, bytes: 'XFSB' },
  { at: 65_600, bytes: '_BHRfS_M' },
  { at: 512, bytes: 'LABELONE' },
  { at: 0, bytes: 'LUKS\xba\xbe' },
];
export const rawHeadBytes = 68 * 1024;

export const looksRaw = (head: Buffer): boolean => starts.some((mark) => isMarked(head, mark));

export const isMarked = (head: Buffer, { at, bytes }: Mark): boolean =>
  head.subarray(at, at + bytes.length).equals(Buffer.from(bytes, 'latin1'));
