/** Judging VHDX (Hyper-V): two tables lead to its size and to whether it has a parent. */
import { checkedSize, type DiskBytes, refused, truncated } from './disk-bytes.ts';

export const vhdxMagic = 'vhdxfile';
const kib = 1024;
/** The table of regions is there twice. */
const regionTables = [192 * kib, 256 * kib];
const regionTableBytes = 64 * kib;
const entryBytes = 32;
const maxEntries = 2047;

/** As they lie in the file: the first three parts of a GUID are little-endian. */
const guid = {
  metadata: '06a27c8b90479a4bb8fe575f050f886e',
  diskSize: '2442a52f1bcd7648b2115dbed83bf4b8',
  parameters: '3767a1ca36fa434db3b633f0aa44e76b',
} as const;
const hasParent = 2;

export async function judgeVhdx(bytes: DiskBytes, maxSizeBytes: number): Promise<number> {
  const at = await metadataRegion(bytes);
  const table = await bytes.read(at, 64 * kib);
  if (table.length < 32) throw truncated('description');
  if (table.subarray(0, 8).toString('latin1') !== 'metadata') throw broken('description');
  const items = entriesOf(table, table.readUInt16LE(10));
  const item = async (id: string, lengthBytes: number) => {
    const entry = items.find((one) => one.id === id);
    if (!entry) throw broken('description');
    const value = await bytes.read(at + BigInt(entry.data.readUInt32LE(16)), lengthBytes);
    if (value.length < lengthBytes) throw truncated('description');
    return value;
  };
  if ((await item(guid.parameters, 8)).readUInt32LE(4) & hasParent)
    throw refused('it is not whole, but what differs from a parent', 'merge it with its parent (Merge-VHD)');
  return checkedSize((await item(guid.diskSize, 8)).readBigUInt64LE(0), maxSizeBytes);
}

async function metadataRegion(bytes: DiskBytes): Promise<bigint> {
  for (const at of regionTables) {
    const table = await bytes.read(at, regionTableBytes);
    if (table.length < regionTableBytes) throw truncated('table of regions');
    if (table.subarray(0, 4).toString('latin1') !== 'regi') continue;
    const found = entriesOf(table, table.readUInt32LE(8), 16).find(({ id }) => id === guid.metadata);
    if (found) return found.data.readBigUInt64LE(16);
  }
  throw broken('table of regions');
}

function entriesOf(table: Buffer, count: number, from = 32): { id: string; data: Buffer }[] {
  if (count > maxEntries) throw broken('list');
  const entries: { id: string; data: Buffer }[] = [];
  for (let at = from; entries.length < count && at + entryBytes <= table.length; at += entryBytes) {
    const data = table.subarray(at, at + entryBytes);
    entries.push({ id: data.subarray(0, 16).toString('hex'), data });
  }
  return entries;
}

const broken = (part: string) => refused(`its ${part} cannot be read`, 'make it anew');
