/**
 * Makes the tarball of a backup whose states are disks: small files beside each, then its bytes as `NAME.img`, raw, as Incus
 * has them. Holes are left out the way GNU tar does it (pax 1.0), which whoever reads such backups understands.
 */
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { BackupWork, PackedDisk } from '../core/ports/backups.ts';
import type { DiskContent } from '../core/ports/disk-content.ts';
import { compressTo } from '../host/compress.ts';
import { explainDiskFull } from '../host/disk-full.ts';
import { paddingBytes, tarBlockBytes, writeHeader } from '../lib/tar-header.ts';
import { indexName } from './backup-archive.ts';
import { counted, knownCompression, noSpace, requireRoom } from './pack.ts';

export async function packDisks(
  folder: string,
  content: { index: unknown; states: readonly PackedDisk[] },
  options: BackupWork & { compression: string },
): Promise<string> {
  const compression = knownCompression(options.compression);
  const path = join(folder, 'backup');
  const look = async (bytes: number) => {
    await requireRoom(folder);
    options.progress?.(bytes);
  };
  try {
    const target = createWriteStream(path, { mode: 0o600, flush: true });
    await compressTo(counted(archiveOf(content, options.signal), look), compression, target, options);
  } catch (error) {
    throw noSpace(explainDiskFull(error, folder));
  }
  return path;
}

async function* archiveOf(
  { index, states }: { index: unknown; states: readonly PackedDisk[] },
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  yield fileMember(indexName, index);
  for (const { name, files, open } of states) {
    if (files) yield* folderMembers(`backup/${name}`, files);
    await using content = await open();
    yield* diskMember(`backup/${name}.img`, content, signal);
  }
  yield Buffer.alloc(2 * tarBlockBytes);
}

function* folderMembers(folder: string, files: Record<string, unknown>): Generator<Buffer> {
  const folders = new Set([folder]);
  for (const name of Object.keys(files)) if (name.includes('/')) folders.add(`${folder}/${name.split('/')[0]}`);
  for (const each of folders) yield writeHeader({ ...plain(`${each}/`, 0), kind: 'directory', mode: 0o755 });
  for (const [name, content] of Object.entries(files)) yield fileMember(`${folder}/${name}`, content);
}

/** Texts and bytes as they are, everything else as YAML. */
function fileMember(name: string, content: unknown): Buffer {
  const isPlain = typeof content === 'string' || Buffer.isBuffer(content);
  const bytes = Buffer.from(isPlain ? content : stringify(content, { lineWidth: 0 }));
  return Buffer.concat([writeHeader(plain(name, bytes.length)), bytes, Buffer.alloc(paddingBytes(bytes.length))]);
}

async function* diskMember(
  name: string,
  { sizeBytes, extents, read }: DiskContent,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  const dataBytes = extents.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
  if (dataBytes === sizeBytes) yield writeHeader(plain(name, sizeBytes));
  else yield sparseHead(name, sizeBytes, extents, dataBytes);
  for await (const { bytes } of read()) {
    signal?.throwIfAborted();
    yield bytes;
  }
  yield Buffer.alloc(paddingBytes(dataBytes));
}

/** The header, and the map of what is stored; the last entry marks the end, as GNU tar writes it. */
function sparseHead(name: string, sizeBytes: number, extents: DiskContent['extents'], dataBytes: number): Buffer {
  const pairs = [...extents.map(({ offset, lengthBytes }) => [offset, lengthBytes]), [sizeBytes, 0]];
  const text = Buffer.from(`${[pairs.length, ...pairs.flat()].join('\n')}\n`);
  const map = Buffer.concat([text, Buffer.alloc(paddingBytes(text.length))]);
  const stored = plain(name.replace(/[^/]*$/, 'GNUSparseFile.0/$&'), map.length + dataBytes);
  const records = new Map([
    ['GNU.sparse.major', '1'],
    ['GNU.sparse.minor', '0'],
    ['GNU.sparse.name', Buffer.from(name).toString('latin1')],
    ['GNU.sparse.realsize', String(sizeBytes)],
  ]);
  return Buffer.concat([writeHeader({ ...stored, records }), map]);
}

const plain = (name: string, sizeBytes: number) => ({
  ...{ name: Buffer.from(name).toString('latin1'), kind: 'file' as const, link: '', mode: 0o600, uid: 0, gid: 0 },
  ...{ sizeBytes, modified: Math.floor(Date.now() / 1000), records: new Map<string, string>() },
});
