/** Makes the tarball of a backup: its index first, then each state with its small files and its tree. */
import { createWriteStream } from 'node:fs';
import { mkdir, open, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { freeBytes } from '../archives/store-stream.ts';
import { BackupRefused, type BackupWork, type PackedState } from '../core/ports/backups.ts';
import { compressTo } from '../host/compress.ts';
import { giveToRoot } from '../host/copy-tree.ts';
import { explainDiskFull } from '../host/disk-full.ts';
import { type PackedTree, packTar, packTarInto } from '../host/tar.ts';
import { HostError } from '../lib/host-error.ts';
import { indexName } from './backup-archive.ts';

export const compressions = ['none', 'gzip', 'bzip2', 'xz', 'zstd'] as const;

export async function packBackup(
  folder: string,
  content: { index: unknown; states: readonly PackedState[] },
  options: BackupWork & { compression: string },
): Promise<string> {
  const compression = knownCompression(options.compression);
  const top = join(folder, 'top');
  const trees = await writeTop(top, content);
  const path = join(folder, 'backup');
  const look = async (bytes: number) => {
    await requireRoom(folder);
    options.progress?.(bytes);
  };
  try {
    if (compression === 'none') await packPlain(path, trees, options.signal, look);
    else {
      const target = createWriteStream(path, { mode: 0o600, flush: true });
      const packed = packTar(trees, { signal: options.signal });
      await compressTo(counted(packed, look), compression, target, options);
    }
  } catch (error) {
    throw noSpace(explainDiskFull(error, folder));
  }
  return path;
}

export function knownCompression(said: string): (typeof compressions)[number] {
  const compression = compressions.find((name) => name === said);
  if (compression) return compression;
  throw new BackupRefused(
    'unsupported',
    `compression ${JSON.stringify(said)} is not known`,
    `use one of ${compressions.join(', ')}`,
  );
}

/** Writes the small files, and says what goes into the archive in which order. */
async function writeTop(
  top: string,
  { index, states }: { index: unknown; states: readonly PackedState[] },
): Promise<PackedTree[]> {
  await mkdir(join(top, dirname(indexName)), { recursive: true });
  await writeFile(join(top, indexName), stringify(index, { lineWidth: 0 }), { mode: 0o644 });
  // A time of whole seconds needs no extended header: the archive begins with the name of its index.
  const seconds = Math.floor(Date.now() / 1000);
  await utimes(join(top, indexName), seconds, seconds);
  const trees: PackedTree[] = [{ directory: top, entries: [indexName] }];
  for (const { name, tree, files } of states) {
    const state = `backup/${name}`;
    for (const [file, text] of Object.entries(files ?? {})) {
      await mkdir(dirname(join(top, state, file)), { recursive: true });
      const content = typeof text === 'string' ? text : stringify(text, { lineWidth: 0 });
      await writeFile(join(top, state, file), content, { mode: 0o644 });
    }
    if (files) trees.push({ directory: top, entries: [state] });
    trees.push({ directory: tree.directory, entries: ['.'], prefix: tree.place ? `${state}/${tree.place}` : state });
  }
  await giveToRoot(top);
  return trees;
}

async function packPlain(
  path: string,
  trees: readonly PackedTree[],
  signal: AbortSignal | undefined,
  onGrown: (bytes: number) => Promise<void>,
): Promise<void> {
  await using file = await open(path, 'wx', 0o600);
  await packTarInto(file, trees, { signal, onGrown });
  await file.sync();
}

/** It ends before the disk is full: others need it too. */
export async function requireRoom(folder: string): Promise<void> {
  if ((await freeBytes(folder)) === 0) throw new HostError(`no space left in ${folder}`, { errno: 'ENOSPC' });
}

const lookEveryBytes = 32 * 1024 * 1024;

export async function* counted(
  source: AsyncIterable<Buffer>,
  look: (bytes: number) => Promise<void>,
): AsyncGenerator<Buffer> {
  let bytes = 0;
  let looked = -lookEveryBytes;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes - looked >= lookEveryBytes) {
      looked = bytes;
      await look(bytes);
    }
    yield chunk;
  }
}

export function noSpace(error: unknown): unknown {
  if (!(error instanceof HostError) || (error.errno !== 'ENOSPC' && error.errno !== 'EDQUOT')) return error;
  return new BackupRefused('no-space', error.message, 'free some space, or delete backups that are not needed');
}

export const sizeOf = async (path: string): Promise<number> => (await stat(path)).size;
