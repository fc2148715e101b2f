/**
 * Taking a disk image of somebody else: it is looked at, searched for missing data, and rewritten by qemu-img, so that what
 * is kept is a qcow2 file of our own that stands alone. Snapshots inside the image are not taken over.
 */
import { constants } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { explainDiskFull } from '../host/disk-full.ts';
import { runDiskTool } from '../host/disk-tool.ts';
import { HostError } from '../lib/host-error.ts';
import { openDiskBytes, refused } from './disk-bytes.ts';
import { type DiskFormat, diskFormats, type InspectedDisk, type InspectOptions, inspectDisk } from './inspect-disk.ts';

export type ImportOptions = InspectOptions & {
  source: string;
  /** It must not be there yet; its directory is ours alone. */
  target: string;
};

/** Tables of a qcow2 file are less than a thousandth of its data; a small one has some clusters in any case. */
const fileBytesFor = (virtualSizeBytes: number) => virtualSizeBytes + virtualSizeBytes / 256 + 16 * 1024 * 1024;

/** As QEMU writes it by default today, said so that it stays. */
const written = ['-O', 'qcow2', '-o', 'compat=1.1,cluster_size=64k,lazy_refcounts=off,preallocation=off'];

/** Throws `HostError` when the image is refused or the disk is full; there is no target then. */
export async function importDisk(options: ImportOptions, signal?: AbortSignal): Promise<InspectedDisk> {
  const { source, target } = options;
  const found = await inspectFile(source, options);
  signal?.throwIfAborted();
  await (await open(target, 'wx', 0o600)).close();
  try {
    const scratchDirectory = dirname(target);
    const image = { path: source, name: 'source', readOnly: true };
    await searchForHoles(found.format, () =>
      runDiskTool(['check', '-q', '-f', diskFormats[found.format].driver, 'source'], {
        ...{ scratchDirectory, files: [image], accept: [0, leaks], signal },
      }),
    );
    const input = ['-f', diskFormats[found.format].driver];
    await runDiskTool(['convert', ...input, ...written, 'source', 'target'], {
      scratchDirectory,
      files: [image, { path: target, name: 'target', readOnly: false }],
      fileBytes: fileBytesFor(found.virtualSizeBytes),
      signal,
    });
    await flush(target);
    return found;
  } catch (error) {
    await rm(target, { force: true });
    throw explainDiskFull(error, dirname(target));
  }
}

export async function inspectFile(path: string, options: InspectOptions): Promise<InspectedDisk> {
  await using bytes = await openDiskBytes(path);
  return await inspectDisk(bytes, options);
}

/** Exit code of `qemu-img check` for space that nothing uses. */
const leaks = 3;

/** QEMU reads zeros behind the end of a file: a download that broke off would become a disk that looks whole. */
async function searchForHoles(format: DiskFormat, check: () => Promise<number>): Promise<void> {
  if (!diskFormats[format].checkable) return;
  try {
    await check();
  } catch (error) {
    const said = error instanceof HostError ? error.message.replace(/^.*?exit code \d+: /, '') : '';
    if (!saidByTool.test(said)) throw error;
    throw refused(
      `data are missing or wrong in it (${said.slice(-200)})`,
      'copy or download it again, or repair a copy of it: qemu-img check -r all',
    );
  }
}

/** Not by those that start it, whose troubles are not the image's. */
const saidByTool = /\bqemu-img: |errors were found|\bERROR\b/;

/** qemu-img leaves that to the kernel. */
async function flush(path: string): Promise<void> {
  const file = await open(path, constants.O_RDWR);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
