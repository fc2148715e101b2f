/**
 * An empty qcow2 file, as bytes: what `qemu-img create -o cluster_size=64k` makes, without starting a program, so that a
 * snapshot costs a file of some 200 KiB of holes. Version 3, counts of 16 bits, no lazy ones.
 */
import { qcow2Magic } from './qcow2-header.ts';

const clusterBytes = 64 * 1024;
const headerBytes = 112;
const countsPerCluster = clusterBytes / 2;
/** Bytes of the disk that one entry of the first table stands for. */
const bytesPerL1Entry = (clusterBytes / 8) * clusterBytes;
/** As QEMU's first table allows with these clusters: 2 PiB. */
export const maxQcow2Bytes = (32 * 1024 * 1024 * bytesPerL1Entry) / 8;

export type EmptyQcow2 = {
  /** To be written at their offsets; all else is a hole. */
  pieces: readonly { offset: number; bytes: Buffer }[];
  fileBytes: number;
};

/** `backing`: the name of the file below, which has to be qcow2. */
export function emptyQcow2(sizeBytes: number, backing?: string): EmptyQcow2 {
  const l1Entries = Math.ceil(sizeBytes / bytesPerL1Entry);
  const l1Clusters = Math.max(1, Math.ceil((l1Entries * 8) / clusterBytes));
  // Header, table of counts, one cluster of counts, first table.
  const clusters = 3 + l1Clusters;
  if (clusters > countsPerCluster) throw new RangeError(`${sizeBytes} bytes are too many for one cluster of counts`);
  const header = Buffer.alloc(clusterBytes);
  const name = Buffer.from(backing ?? '');
  const nameOffset = headerBytes + (backing === undefined ? 8 : 24);
  qcow2Magic.copy(header);
  header.writeUInt32BE(3, 4);
  header.writeBigUInt64BE(backing === undefined ? 0n : BigInt(nameOffset), 8);
  header.writeUInt32BE(name.length, 16);
  header.writeUInt32BE(16, 20);
  header.writeBigUInt64BE(BigInt(sizeBytes), 24);
  header.writeUInt32BE(l1Entries, 36);
  header.writeBigUInt64BE(BigInt(3 * clusterBytes), 40);
  header.writeBigUInt64BE(BigInt(clusterBytes), 48);
  header.writeUInt32BE(1, 56);
  header.writeUInt32BE(4, 96);
  header.writeUInt32BE(headerBytes, 100);
  if (backing !== undefined) {
    // The extension that names the format of the file below: without it QEMU would guess.
    header.writeUInt32BE(0xe279_2aca, headerBytes);
    header.writeUInt32BE(5, headerBytes + 4);
    header.write('qcow2', headerBytes + 8, 'latin1');
    name.copy(header, nameOffset);
  }
  const counts = Buffer.alloc(clusters * 2);
  for (let index = 0; index < clusters; index += 1) counts.writeUInt16BE(1, index * 2);
  const firstCounts = Buffer.alloc(8);
  firstCounts.writeBigUInt64BE(BigInt(2 * clusterBytes));
  return {
    pieces: [
      { offset: 0, bytes: header.subarray(0, nameOffset + name.length) },
      { offset: clusterBytes, bytes: firstCounts },
      { offset: 2 * clusterBytes, bytes: counts },
    ],
    fileBytes: clusters * clusterBytes,
  };
}
