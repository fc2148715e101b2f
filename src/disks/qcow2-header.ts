/** The header of a qcow2 file, as numbers; nothing is judged here but what makes it unreadable. Versions 2 and 3. */
import { type DiskBytes, refused, truncated } from './disk-bytes.ts';

export const qcow2Magic = Buffer.from('QFI\xfb', 'latin1');

export type Qcow2Header = {
  version: 2 | 3;
  backing: { offset: bigint; lengthBytes: number };
  clusterBits: number;
  sizeBytes: bigint;
  /** 0 none, 1 AES, 2 LUKS. */
  encryption: number;
  l1: { entries: number; offset: bigint };
  refcounts: { offset: bigint; clusters: number; order: number };
  snapshots: { count: number; offset: bigint };
  incompatible: bigint;
  headerBytes: number;
  /** 0 zlib, 1 zstd. */
  compression: number;
  /** Types of the extensions between the header and the end of their list. */
  extensions: readonly number[];
};

export const qcow2Extension = { end: 0, encryption: 0x0537_be77, dataFile: 0x4441_5441 } as const;
/** Bits of `incompatible`. */
export const qcow2Feature = { dirty: 1n, corrupt: 2n, dataFile: 4n, compression: 8n, extendedL2: 16n } as const;

/** All of the header, and the longest name of a backing file, lie in here with any program that writes qcow2. */
const firstBytes = 64 * 1024;
const lengthOf = { 2: 72, 3: 104 } as const;

export async function readQcow2Header(bytes: DiskBytes): Promise<Qcow2Header> {
  const head = await bytes.read(0, firstBytes);
  if (!head.subarray(0, 4).equals(qcow2Magic)) throw refused('it has no header of qcow2', 'say which format it has');
  if (head.length < 8) throw truncated('header');
  const version = head.readUInt32BE(4);
  if (version !== 2 && version !== 3)
    throw refused(`it is qcow version ${version}`, 'convert it with qemu-img, to qcow2 of version 3');
  if (head.length < lengthOf[version]) throw truncated('header');
  const headerBytes = version === 2 ? lengthOf[2] : head.readUInt32BE(100);
  if (headerBytes < lengthOf[version] || headerBytes % 8 !== 0 || headerBytes > firstBytes)
    throw refused(`its header has an absurd length (${headerBytes})`, 'make it anew');
  if (head.length < headerBytes) throw truncated('header');
  return {
    version,
    backing: { offset: head.readBigUInt64BE(8), lengthBytes: head.readUInt32BE(16) },
    clusterBits: head.readUInt32BE(20),
    sizeBytes: head.readBigUInt64BE(24),
    encryption: head.readUInt32BE(32),
    l1: { entries: head.readUInt32BE(36), offset: head.readBigUInt64BE(40) },
    refcounts: {
      offset: head.readBigUInt64BE(48),
      clusters: head.readUInt32BE(56),
      order: version === 2 ? 4 : head.readUInt32BE(96),
    },
    snapshots: { count: head.readUInt32BE(60), offset: head.readBigUInt64BE(64) },
    incompatible: version === 2 ? 0n : head.readBigUInt64BE(72),
    headerBytes,
    compression: headerBytes > 104 ? head.readUInt8(104) : 0,
    extensions: readExtensions(head, headerBytes),
  };
}

/** Each is its type, its length, and so many bytes, padded to 8. */
function readExtensions(head: Buffer, from: number): number[] {
  const types: number[] = [];
  for (let at = from; at + 8 <= head.length; ) {
    const type = head.readUInt32BE(at);
    const lengthBytes = head.readUInt32BE(at + 4);
    if (type === qcow2Extension.end) break;
    types.push(type);
    at += 8 + Math.ceil(lengthBytes / 8) * 8;
    if (at > head.length) throw refused('a part of its header has an absurd length', 'make it anew');
  }
  return types;
}
