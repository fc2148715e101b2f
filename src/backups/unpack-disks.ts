/**
 * Walks once through the archive of a backup whose states are disks: what Incus calls `NAME.img` becomes a stream of pieces
 * with their places. Its bytes are those of a disk, whatever they look like: nothing in them is taken for a header.
 */
import { createMemberCheck } from '../archives/check-members.ts';
import { archiveError } from '../archives/distrust.ts';
import type { BackupWork, BesideTree, DiskVisitor } from '../core/ports/backups.ts';
import type { DiskPiece } from '../core/ports/disk-content.ts';
import { decompressedFile } from '../host/compress.ts';
import { shownName, type TarMember } from '../lib/tar-header.ts';
import { createTarScanner } from '../lib/tar-scan.ts';
import { backupArchive, diskStateOf, stateOf } from './backup-archive.ts';
import { type BesideReader, createBesideReader } from './beside.ts';
import type { ArchiveFile } from './unpack.ts';

/** A member that is a disk, told anew with each piece of it; one without a piece says that it has begun. */
type Told = { disk: Disk; piece?: DiskPiece };
type Disk = { state: string; sizeBytes: number };

/** A stranger's archive of nothing but zeros costs time only; so much of it, and no more. */
export const largestDiskBytes = 16 * 2 ** 40;

export async function unpackDisks(
  file: ArchiveFile,
  visit: DiskVisitor,
  work: BackupWork,
): Promise<Map<string, BesideTree>> {
  const beside = createBesideReader();
  const told = diskPieces(file, beside, work);
  const seen = new Set<string>();
  try {
    let next = await told.next();
    while (!next.done) {
      const { disk } = next.value;
      if (seen.has(disk.state)) throw backupArchive.refuse('hostile', `the backup has the disk ${disk.state} twice`);
      seen.add(disk.state);
      const pieces = async function* (): AsyncGenerator<DiskPiece> {
        for (; !next.done && next.value.disk === disk; next = await told.next())
          if (next.value.piece) yield next.value.piece;
      };
      await visit(disk.state, { sizeBytes: disk.sizeBytes, pieces: pieces() });
      while (!next.done && next.value.disk === disk) next = await told.next();
    }
    return beside.read();
  } catch (error) {
    work.signal?.throwIfAborted();
    throw archiveError(error, file.compression, backupArchive);
  } finally {
    await told.return(undefined);
  }
}

async function* diskPieces(
  { path, compression, limits }: ArchiveFile,
  beside: BesideReader,
  { progress, signal }: BackupWork,
): AsyncGenerator<Told> {
  let out: Told[] = [];
  // Zeros count for nothing on a disk: what it takes is seen when it is written.
  const check = createMemberCheck(
    { ...limits, storedBytes: Number.POSITIVE_INFINITY, fileBytes: largestDiskBytes },
    backupArchive,
  );
  let disk: Disk | undefined;
  let placed: (bytes: Buffer) => DiskPiece[] = () => [];
  const scanner = createTarScanner({
    member(raw) {
      const member = check(raw);
      const state = diskStateOf(member.path);
      disk = undefined;
      if (state === undefined) return beside.begin(stateOf(member.path), member);
      if (member.kind === 'directory') return;
      if (member.kind !== 'file')
        throw backupArchive.refuse('hostile', `backup member ${shownName(member.name)}: a ${member.kind}, not a disk`);
      disk = { state, sizeBytes: member.sparse?.realSizeBytes ?? member.sizeBytes };
      placed = placing(member);
      out.push({ disk });
    },
    data(bytes) {
      if (!disk) return beside.data(bytes);
      for (const piece of placed(bytes)) out.push({ disk, piece });
    },
  });
  let readBytes = 0;
  for await (const chunk of decompressedFile(path, compression, { signal })) {
    readBytes += chunk.length;
    scanner.push(chunk);
    progress?.(readBytes);
    yield* out;
    out = [];
  }
  scanner.finish();
  yield* out;
}

/** Gives the bytes of a member, as they come, their places on the disk. */
function placing({ sparse, sizeBytes }: Pick<TarMember, 'sparse' | 'sizeBytes'>): (bytes: Buffer) => DiskPiece[] {
  const map = (sparse?.map ?? [[0, sizeBytes]]).filter(([, lengthBytes]) => lengthBytes > 0);
  let entry = 0;
  let within = 0;
  return (bytes) => {
    const pieces: DiskPiece[] = [];
    for (let taken = 0; taken < bytes.length; ) {
      const [offset, lengthBytes] = map[entry] ?? [0, 0];
      const part = bytes.subarray(taken, taken + lengthBytes - within);
      if (part.length === 0) break;
      pieces.push({ offset: offset + within, bytes: part });
      taken += part.length;
      within += part.length;
      if (within < lengthBytes) continue;
      entry += 1;
      within = 0;
    }
    return pieces;
  };
}
