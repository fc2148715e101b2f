/** By which firmware a disk can be started: a UEFI looks for a partition of its own, all else is a BIOS's. */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runDiskTool } from '../host/disk-tool.ts';
import { openDiskBytes } from './disk-bytes.ts';
import { type DiskFormat, diskFormats, inspectDisk, isDiskImage } from './inspect-disk.ts';

const sectorBytes = 512;
const headBytes = 1024 * 1024;
/** C12A7328-F81F-11D2-BA4B-00A0C93EC93B as it lies on a disk. */
const efiSystem = Buffer.from('28732ac11ff8d211ba4b00a0c93ec93b', 'hex');
const efiSystemInMbr = 0xef;
const largestTable = 1024;

/** `head`: the beginning of the disk, a mebibyte or all of it. */
export function hasEfiPartition(head: Buffer): boolean {
  return inGpt(head) || inMbr(head);
}

function inGpt(head: Buffer): boolean {
  const header = head.subarray(sectorBytes, 2 * sectorBytes);
  if (header.length < sectorBytes || header.toString('latin1', 0, 8) !== 'EFI PART') return false;
  const start = Number(header.readBigUInt64LE(72)) * sectorBytes;
  const [count, entryBytes] = [Math.min(header.readUInt32LE(80), largestTable), header.readUInt32LE(84)];
  if (entryBytes < 16) return false;
  for (let index = 0; index < count; index++) {
    const at = start + index * entryBytes;
    if (head.subarray(at, at + 16).equals(efiSystem)) return true;
  }
  return false;
}

function inMbr(head: Buffer): boolean {
  if (head.length < sectorBytes || head.readUInt16LE(510) !== 0xaa55) return false;
  return [446, 462, 478, 494].some((at) => head[at + 4] === efiSystemInMbr);
}

/** Undefined when the file is no disk image at all; throws `HostError` when it is one that is refused. */
export async function inspectStranger(
  path: string,
  { maxSizeBytes, scratch }: { maxSizeBytes: number; scratch: string },
): Promise<{ format: DiskFormat; startsByUefi: boolean } | undefined> {
  await using bytes = await openDiskBytes(path);
  if ((await isDiskImage(bytes)) === undefined) return undefined;
  const { format } = await inspectDisk(bytes, { maxSizeBytes });
  return { format, startsByUefi: await startsByUefi(path, format, scratch) };
}

async function startsByUefi(path: string, format: DiskFormat, scratchDirectory: string): Promise<boolean> {
  await mkdir(scratchDirectory, { recursive: true, mode: 0o700 });
  const head = join(scratchDirectory, `head-${randomUUID()}`);
  try {
    await readHead(path, format, { head, scratchDirectory });
    return hasEfiPartition(await readFile(head));
  } finally {
    await rm(head, { force: true });
  }
}

async function readHead(path: string, format: DiskFormat, at: { head: string; scratchDirectory: string }) {
  await (await open(at.head, 'wx', 0o600)).close();
  const { driver } = diskFormats[format];
  await runDiskTool(['dd', '-f', driver, '-O', 'raw', `bs=${headBytes}`, 'count=1', 'if=source', 'of=target'], {
    scratchDirectory: at.scratchDirectory,
    files: [
      { path, name: 'source', readOnly: true },
      { path: at.head, name: 'target', readOnly: false },
    ],
    fileBytes: 2 * headBytes,
  });
}
