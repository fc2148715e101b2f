/**
 * The four ways in which GNU tar stores a file with holes (old GNU header blocks, pax 0.0, 0.1 and 1.0), read into one
 * checked list of pieces: ascending, inside the file, and exactly as long together as the data that follows.
 */
import { readNumber, shownName, TarDamaged, type TarMember, type TarSparse } from './tar-header.ts';

export type SparsePieces = [offset: number, length: number][];

const piecesLimit = 100_000;

/** Pieces in a GNU header or extension block: pairs of 12 digit octal numbers, ended by an empty pair. */
export function oldSparseMap(block: Buffer, offset: number, count: number): SparsePieces {
  const pieces: SparsePieces = [];
  for (let i = 0; i < count; i++) {
    const at = offset + i * 24;
    if (block[at] === 0) break;
    pieces.push([readNumber(block, at, 12), readNumber(block, at + 12, 12)]);
  }
  return pieces;
}

/** The map at the start of a pax 1.0 member's data: decimal lines in whole blocks. Undefined: not all of it is there yet. */
export function newSparseText(text: string): SparsePieces | undefined {
  const lines = text.split('\n');
  const count = lineNumber(lines[0]);
  if (count > piecesLimit) throw new TarDamaged(`a sparse map has ${count} pieces`);
  if (lines.length < 2 + count * 2) return undefined;
  return Array.from({ length: count }, (_, i) => [lineNumber(lines[1 + i * 2]), lineNumber(lines[2 + i * 2])]);
}

function lineNumber(line: string | undefined): number {
  if (line === undefined || !/^[0-9]{1,15}$/.test(line)) throw new TarDamaged('a sparse map is broken');
  return Number(line);
}

/** The member with its checked map, when it has one in `given` or in its pax records (0.0 and 0.1). */
export function sparseOf(
  member: TarMember,
  records: readonly (readonly [string, string])[],
  given?: TarSparse,
): TarMember {
  const sparse = given ?? recordedMap(records);
  if (!sparse) return member;
  const wrong = (why: string) => new TarDamaged(`${shownName(member.name)} has a broken sparse map: ${why}`);
  if (member.kind !== 'file') throw wrong('not a file');
  let end = 0;
  let stored = 0;
  for (const [offset, length] of sparse.map) {
    if (offset < end || length < 0) throw wrong('pieces overlap');
    end = offset + length;
    stored += length;
  }
  if (end > sparse.realSizeBytes) throw wrong('a piece lies behind the end');
  if (stored !== member.sizeBytes) throw wrong(`${stored} bytes mapped, ${member.sizeBytes} stored`);
  return { ...member, sparse };
}

function recordedMap(records: readonly (readonly [string, string])[]): TarSparse | undefined {
  const last = new Map(records);
  const size = last.get('GNU.sparse.size');
  if (size === undefined) return undefined;
  const numbers: string[] =
    last
      .get('GNU.sparse.map')
      ?.split(',')
      .filter((text) => text !== '') ?? [];
  if (!last.has('GNU.sparse.map'))
    for (const [key, value] of records)
      if (key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes') numbers.push(value);
  if (numbers.length % 2 !== 0 || numbers.length / 2 > piecesLimit) throw new TarDamaged('a sparse map is broken');
  const map: SparsePieces = [];
  for (let i = 0; i < numbers.length; i += 2) map.push([lineNumber(numbers[i]), lineNumber(numbers[i + 1])]);
  return { realSizeBytes: lineNumber(size), map };
}
