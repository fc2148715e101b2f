/**
 * Writes a disk into a new qcow2 file while its bytes come by, the lowest first: nothing has to lie on the disk twice, and
 * zeros take no place. The header is written last, so that half a file is none. Version 3, clusters of 64 KiB, counts of 16
 * bits, as `emptyQcow2`.
 */
import { open } from 'node:fs/promises';
import type { ArrivingDisk, DiskPiece } from '../core/ports/disk-content.ts';
import { HostError } from '../lib/host-error.ts';
import { emptyQcow2 } from './qcow2-empty.ts';

const clusterBytes = 64 * 1024;
const entriesPerTable = clusterBytes / 8;
const countsPerCluster = clusterBytes / 2;
/** Nobody else stands on this cluster. */
const isOwn = 1n << 63n;
const zeros = Buffer.alloc(clusterBytes);
const flushBytes = 2 * 1024 * 1024;

type Target = { append(cluster: Buffer): Promise<bigint> };

/** `path` must not be there yet. The caller removes what a failure leaves of it. */
export async function writeQcow2(path: string, disk: ArrivingDisk, signal?: AbortSignal): Promise<void> {
  await using file = await open(path, 'wx', 0o600);
  // Behind the header's cluster.
  let nextCluster = 1;
  let held: Buffer[] = [];
  let heldBytes = 0;
  const writeHeld = async () => {
    if (heldBytes === 0) return;
    const bytes = Buffer.concat(held, heldBytes);
    const offset = nextCluster * clusterBytes - heldBytes;
    held = [];
    heldBytes = 0;
    await writeAll(file, bytes, offset);
  };
  const append = async (cluster: Buffer): Promise<bigint> => {
    const offset = BigInt(nextCluster) * BigInt(clusterBytes);
    held.push(cluster);
    heldBytes += cluster.length;
    nextCluster += cluster.length / clusterBytes;
    if (heldBytes >= flushBytes) await writeHeld();
    return offset;
  };
  const firstTable = await writeClusters({ append }, disk, signal);
  const firstTableAt = await append(firstTable);
  const counts = countTables(nextCluster);
  const countsAt = await append(counts.blocks);
  const countTable = counts.tableOf(countsAt);
  const countTableAt = await append(countTable);
  await writeHeld();
  await file.sync();
  await writeAll(file, headerOf(disk.sizeBytes, { firstTableAt, countTableAt, countTable }), 0);
  await file.sync();
}

/** Data and second tables, as they come; gives the first table. */
async function writeClusters(target: Target, disk: ArrivingDisk, signal?: AbortSignal): Promise<Buffer> {
  const tables = Math.ceil(disk.sizeBytes / (entriesPerTable * clusterBytes));
  const first = Buffer.alloc(Math.max(1, Math.ceil((tables * 8) / clusterBytes)) * clusterBytes);
  let second: { index: number; bytes: Buffer } | undefined;
  const closeTable = async () => {
    if (second) first.writeBigUInt64BE((await target.append(second.bytes)) | isOwn, second.index * 8);
  };
  for await (const { number, bytes } of clustersOf(disk)) {
    signal?.throwIfAborted();
    if (bytes.equals(zeros)) continue;
    const index = Math.floor(number / entriesPerTable);
    if (index !== second?.index) {
      await closeTable();
      second = { index, bytes: Buffer.alloc(clusterBytes) };
    }
    second.bytes.writeBigUInt64BE((await target.append(bytes)) | isOwn, (number % entriesPerTable) * 8);
  }
  await closeTable();
  return first;
}

/** Whole clusters that pieces have touched, in ascending order. */
async function* clustersOf({ sizeBytes, pieces }: ArrivingDisk): AsyncGenerator<{ number: number; bytes: Buffer }> {
  let open: { number: number; bytes: Buffer } | undefined;
  let end = 0;
  for await (const piece of pieces) {
    checkPiece(piece, end, sizeBytes);
    end = piece.offset + piece.bytes.length;
    for (let at = piece.offset; at < end; ) {
      const number = Math.floor(at / clusterBytes);
      const within = at - number * clusterBytes;
      const from = at - piece.offset;
      const part = piece.bytes.subarray(from, from + clusterBytes - within);
      if (open && open.number !== number) {
        yield open;
        open = undefined;
      }
      if (part.length === clusterBytes) yield { number, bytes: part };
      else {
        open ??= { number, bytes: Buffer.alloc(clusterBytes) };
        part.copy(open.bytes, within);
      }
      at += part.length;
    }
  }
  if (open) yield open;
}

function checkPiece({ offset, bytes }: DiskPiece, end: number, sizeBytes: number): void {
  if (offset >= end && offset + bytes.length <= sizeBytes) return;
  throw new HostError(`bytes ${offset} to ${offset + bytes.length} do not come next in a disk of ${sizeBytes} bytes`, {
    errno: 'EINVAL',
  });
}

/** Every cluster of the file is used once, those of these tables too. */
function countTables(clustersBefore: number): { blocks: Buffer; tableOf(blocksAt: bigint): Buffer } {
  const tableClusters = (blocks: number) => Math.ceil((blocks * 8) / clusterBytes);
  let blocks = 1;
  while (blocks * countsPerCluster < clustersBefore + blocks + tableClusters(blocks)) blocks += 1;
  const all = clustersBefore + blocks + tableClusters(blocks);
  const counts = Buffer.alloc(blocks * clusterBytes);
  for (let cluster = 0; cluster < all; cluster += 1) counts.writeUInt16BE(1, cluster * 2);
  return {
    blocks: counts,
    tableOf(blocksAt) {
      const table = Buffer.alloc(tableClusters(blocks) * clusterBytes);
      for (let block = 0; block < blocks; block += 1)
        table.writeBigUInt64BE(blocksAt + BigInt(block * clusterBytes), block * 8);
      return table;
    },
  };
}

function headerOf(
  sizeBytes: number,
  { firstTableAt, countTableAt, countTable }: { firstTableAt: bigint; countTableAt: bigint; countTable: Buffer },
): Buffer {
  const header = Buffer.alloc(clusterBytes);
  emptyQcow2(sizeBytes).pieces[0]?.bytes.copy(header);
  header.writeBigUInt64BE(firstTableAt, 40);
  header.writeBigUInt64BE(countTableAt, 48);
  header.writeUInt32BE(countTable.length / clusterBytes, 56);
  return header;
}

async function writeAll(
  file: { write(bytes: Buffer, from: number, length: number, at: number): Promise<{ bytesWritten: number }> },
  bytes: Buffer,
  offset: number,
): Promise<void> {
  for (let done = 0; done < bytes.length; )
    done += (await file.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
}
