/** Judging VHD (Virtual PC, Azure): its footer says what it is. */
import { checkedSize, type DiskBytes, refused, truncated } from './disk-bytes.ts';

export const vhdMagic = 'conectix';
const footerBytes = 512;
const fixed = 2;
const dynamic = 3;
const differencing = 4;

/** A growing disk starts with a copy of its footer; a fixed one is its content with the footer behind it. */
export async function judgeVhd(bytes: DiskBytes, maxSizeBytes: number): Promise<number> {
  const footer = await bytes.read(Math.max(0, bytes.sizeBytes - footerBytes), footerBytes);
  if (footer.subarray(0, vhdMagic.length).toString('latin1') !== vhdMagic) throw truncated('data');
  const type = footer.readUInt32BE(60);
  if (type === differencing)
    throw refused('it is not whole, but what differs from a parent', 'merge it with its parent (Merge-VHD)');
  if (type !== fixed && type !== dynamic)
    throw refused(`it is a VHD of the unknown type ${type}`, 'convert it to qcow2');
  const size = checkedSize(footer.readBigUInt64BE(48), maxSizeBytes);
  if (type === fixed && bytes.sizeBytes < size) throw truncated('data');
  return size;
}
