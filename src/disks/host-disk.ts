/** What lies at a path of the host, looked at before a machine is given it as a disk. */
import { type Stats, statSync } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import type { HostDisk, LookAtHostDisk } from '../core/ports/host-disks.ts';
import { HostError } from '../lib/host-error.ts';
import { openDiskBytes } from './disk-bytes.ts';
import { inspectDisk } from './inspect-disk.ts';

const largestBytes = 2 ** 53;
const sectorBytes = 512;
/** Formats that a disk can have elsewhere; their bytes are not those of the disk. */
const foreign = /\.(vmdk|vdi|vhdx?|qed|img\.(gz|xz|zst))$/i;

export const lookAtHostDisk: LookAtHostDisk = async (path) => {
  const status = statSync(path, { throwIfNoEntry: false });
  if (!status) return undefined;
  if (status.isDirectory()) return { kind: 'directory' };
  if (status.isBlockDevice()) return await lookAtDevice(path);
  if (!status.isFile()) throw unfit(path, 'it is neither a file, a block device nor a directory');
  return await lookAtFile(path, status);
};

async function lookAtDevice(path: string): Promise<HostDisk> {
  const file = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    throw new HostError(`${path} cannot be opened (${cause.code})`, { cause, errno: cause.code ?? 'EIO' });
  });
  try {
    const { bytesRead } = await file.read(Buffer.alloc(sectorBytes), 0, sectorBytes, 0);
    if (bytesRead < sectorBytes) throw unfit(path, 'this block device has no medium');
    return { kind: 'block', format: 'raw', isCd: false, sizeBytes: 0 };
  } finally {
    await file.close();
  }
}

async function lookAtFile(path: string, { size }: Stats): Promise<HostDisk> {
  if (/\.iso$/i.test(path)) {
    if (size < sectorBytes) throw unfit(path, 'this ISO image is empty');
    return { kind: 'file', format: 'raw', isCd: true, sizeBytes: size };
  }
  if (foreign.test(path)) throw unfit(path, 'its name says that it is an image of another format');
  const format = /\.qcow2$/i.test(path) ? 'qcow2' : 'raw';
  await using bytes = await openDiskBytes(await realpath(path));
  const { virtualSizeBytes } = await inspectDisk(bytes, { format, maxSizeBytes: largestBytes });
  return { kind: 'file', format, isCd: false, sizeBytes: virtualSizeBytes };
}

const unfit = (path: string, found: string) =>
  new HostError(`${path} cannot be a disk of a machine: ${found}`, {
    errno: 'EINVAL',
    help: 'raw disks, .qcow2, .iso and block devices can; others become one with: qemu-img convert -O qcow2',
  });
