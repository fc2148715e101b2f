/** Judging VDI, the format of VirtualBox. A snapshot of a disk holds only what differs from its parent. */
import { checkedSize, type DiskBytes, refused, truncated } from './disk-bytes.ts';

export const vdiMagic = 0xbeda_107f;
export const vdiMagicAt = 64;
const headerBytes = 512;
const bitmapEntryBytes = 4;

export async function judgeVdi(bytes: DiskBytes, maxSizeBytes: number): Promise<number> {
  const head = await bytes.read(0, headerBytes);
  if (head.length < headerBytes) throw truncated('header');
  const type = head.readUInt32LE(76);
  const parents = head.subarray(424, 456);
  if (type === 4 || parents.some((byte) => byte !== 0))
    throw refused(
      'it is not whole, but what differs from a parent',
      'make one of both: VBoxManage clonemedium disk IMAGE WHOLE --format VDI',
    );
  if (type !== 1 && type !== 2) throw refused(`it is a VDI of the unknown type ${type}`, 'convert it to qcow2');
  const blocks = head.readUInt32LE(384);
  const map = head.readUInt32LE(340);
  const size = checkedSize(head.readBigUInt64LE(368), maxSizeBytes);
  if (map + blocks * bitmapEntryBytes > bytes.sizeBytes) throw truncated('map of blocks');
  return size;
}
