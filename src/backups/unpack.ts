/**
 * Walks through the archive of a backup once: every member is checked, and those of one state after the other become tar
 * streams of their trees.
 */
import type { ArchiveLimits } from '../archives/check-members.ts';
import { createMemberCheck } from '../archives/check-members.ts';
import { archiveError, expansionGuard } from '../archives/distrust.ts';
import { rootMember } from '../archives/root-filter.ts';
import type { BackupWork, BesideTree, PackedState, StateVisitor } from '../core/ports/backups.ts';
import { decompressedFile } from '../host/compress.ts';
import { unpackTar } from '../host/tar.ts';
import type { Compression } from '../lib/archive-magic.ts';
import { paddingBytes, tarBlockBytes, writeHeader } from '../lib/tar-header.ts';
import { createTarScanner, type TarScanner } from '../lib/tar-scan.ts';
import { backupArchive, stateOf } from './backup-archive.ts';
import { type BesideReader, createBesideReader } from './beside.ts';

type Place = PackedState['tree']['place'];
type UnpackWork = BackupWork & { idBase?: number };
export type ArchiveFile = { path: string; compression: Compression; limits: ArchiveLimits };
/** A part of the tree of a state; an empty one says that the state has begun. */
type Piece = { state: string; bytes: Buffer };

export async function unpackBackup(
  file: ArchiveFile,
  place: Place,
  visit: StateVisitor,
  work: UnpackWork,
): Promise<Map<string, BesideTree>> {
  const { signal } = work;
  const beside = createBesideReader();
  const pieces = treePieces(file, place, beside, work);
  const seen = new Set<string>();
  try {
    let next = await pieces.next();
    while (!next.done) {
      const { state } = next.value;
      if (seen.has(state)) throw backupArchive.refuse('hostile', `the backup has the state ${state} twice`);
      seen.add(state);
      const tree = async function* (): AsyncGenerator<Buffer> {
        for (; !next.done && next.value.state === state; next = await pieces.next())
          if (next.value.bytes.length > 0) yield next.value.bytes;
        yield Buffer.alloc(2 * tarBlockBytes);
      };
      await visit(state, (directory) => unpackTar(tree(), directory, { signal }));
      while (!next.done && next.value.state === state) next = await pieces.next();
    }
    return beside.read();
  } catch (error) {
    signal?.throwIfAborted();
    throw archiveError(error, file.compression, backupArchive);
  } finally {
    await pieces.return(undefined);
  }
}

async function* treePieces(
  file: ArchiveFile,
  place: Place,
  beside: BesideReader,
  { progress, signal, idBase = 0 }: UnpackWork,
): AsyncGenerator<Piece> {
  const guard = await expansionGuard(file.path, file.limits, backupArchive);
  let out: Piece[] = [];
  const scanner = pieceScanner(file.limits, { place, idBase, beside }, (piece) => out.push(piece));
  let bytes = 0;
  for await (const chunk of decompressedFile(file.path, file.compression, { signal })) {
    bytes += chunk.length;
    guard(chunk.length);
    scanner.push(chunk);
    progress?.(bytes);
    yield* joined(out);
    out = [];
  }
  scanner.finish();
  yield* joined(out);
}

/** Members below one state give one piece: a tree of small files has thousands of them in a chunk. */
function* joined(pieces: readonly Piece[]): Generator<Piece> {
  let from = 0;
  for (let at = 1; at <= pieces.length; at++) {
    const first = pieces[from];
    if (!first || pieces[at]?.state === first.state) continue;
    const bytes = at - from === 1 ? first.bytes : Buffer.concat(pieces.slice(from, at).map((piece) => piece.bytes));
    yield { state: first.state, bytes };
    from = at;
  }
}

type ScanOptions = { place: Place; idBase: number; beside: BesideReader };

function pieceScanner(
  limits: ArchiveLimits,
  { place, idBase, beside }: ScanOptions,
  emit: (piece: Piece) => void,
): TarScanner {
  const inside = (id: number) => (id < idBase ? id : id - idBase);
  const check = createMemberCheck(limits, backupArchive);
  let state: string | undefined;
  let passing = false;
  let sizeBytes = 0;
  const write = (bytes: Buffer) => state !== undefined && emit({ state, bytes });
  return createTarScanner({
    member(raw) {
      const checked = check(raw);
      const before = state;
      state = stateOf(checked.path);
      if (state !== undefined && state !== before) write(Buffer.alloc(0));
      const prefix = place ? `backup/${state}/${place}` : `backup/${state}`;
      const member = state === undefined ? undefined : rootMember(checked, prefix, backupArchive, { dev: !place });
      passing = member !== undefined;
      beside.begin(state, checked);
      if (!member) return;
      sizeBytes = member.sizeBytes;
      write(writeHeader({ ...member, uid: inside(member.uid), gid: inside(member.gid) }));
    },
    data(piece) {
      if (passing) write(piece);
      else beside.data(piece);
    },
    memberEnd() {
      const padding = paddingBytes(sizeBytes);
      if (passing && padding > 0) write(Buffer.alloc(padding));
    },
  });
}
