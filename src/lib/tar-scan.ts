/**
 * Reads a tar stream piece by piece and tells each member and its data, without holding more than one extension header.
 * Understands v7, ustar, pax, GNU long names and all four ways in which GNU tar stores sparse files. What it cannot
 * understand is `TarDamaged`, never skipped: two programs that read one archive differently are how guests get out.
 */
import {
  checksumHolds,
  paddingBytes,
  readNumber,
  readRecords,
  readText,
  shownName,
  TarDamaged,
  type TarKind,
  type TarMember,
  tarBlockBytes,
} from './tar-header.ts';
import { newSparseText, oldSparseMap, type SparsePieces, sparseOf } from './tar-sparse.ts';

export type TarHandler = {
  /** A throw ends the scan and is the caller's own error. */
  member(member: TarMember): void;
  data?(piece: Buffer): void;
  memberEnd?(): void;
};

export type TarScanner = { push(chunk: Buffer): void; finish(): void; readonly ended: boolean };

const extensionLimitBytes = 4 * 1024 * 1024;
const kinds: Record<string, TarKind> = {
  '\0': 'file',
  '0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
};

type State = 'header' | 'extension' | 'sparse-blocks' | 'sparse-text' | 'data' | 'padding' | 'ended';

export function createTarScanner(handler: TarHandler): TarScanner {
  let state: State = 'header';
  let held: Buffer = Buffer.alloc(0);
  let remaining = 0;
  let zeroBlocks = 0;
  let dataBytes = 0;
  let mapText = '';
  let last = '';
  let global: [string, string][] = [];
  let extension: { flag: string; sizeBytes: number } | undefined;
  let local: [string, string][] = [];
  let longName: string | undefined;
  let longLink: string | undefined;
  let waiting: { member: TarMember; pieces: SparsePieces; realSizeBytes: number } | undefined;

  /** Takes `count` bytes when they are there; keeps what came otherwise. */
  function take(chunk: Buffer, count: number): [Buffer, Buffer] | undefined {
    const all = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    if (all.length < count) {
      held = Buffer.from(all);
      return undefined;
    }
    held = Buffer.alloc(0);
    return [all.subarray(0, count), all.subarray(count)];
  }

  function begin(member: TarMember): void {
    handler.member(member);
    remaining = member.sizeBytes;
    state = 'data';
    if (remaining === 0) endMember(0);
  }

  function endMember(sizeBytes: number): void {
    handler.memberEnd?.();
    remaining = paddingBytes(sizeBytes);
    state = remaining > 0 ? 'padding' : 'header';
  }

  function onHeader(block: Buffer): void {
    if (block.every((byte) => byte === 0)) {
      zeroBlocks++;
      if (zeroBlocks === 2) state = 'ended';
      return;
    }
    if (zeroBlocks > 0) throw new TarDamaged(`the end mark is followed by more${after()}`);
    if (!checksumHolds(block)) throw new TarDamaged(`a member header is broken${after()}`);
    const flag = String.fromCharCode(block[156] ?? 0);
    const sizeBytes = readNumber(block, 124, 12);
    if (sizeBytes < 0) throw new TarDamaged(`a member has a negative size${after()}`);
    const kind = kinds[flag];
    if ('xgLK'.includes(flag)) onExtensionHeader(flag, sizeBytes);
    else if (flag === 'V') skip(sizeBytes);
    else if (!kind) throw new TarDamaged(`a member has the unknown type ${shownName(flag)}${after()}`);
    else onMember(block, flag, kind, sizeBytes);
  }

  function skip(sizeBytes: number): void {
    remaining = sizeBytes + paddingBytes(sizeBytes);
    if (remaining > 0) state = 'padding';
  }

  function onExtensionHeader(flag: string, sizeBytes: number): void {
    if (sizeBytes > extensionLimitBytes) throw new TarDamaged(`an extension header has ${sizeBytes} bytes${after()}`);
    extension = { flag, sizeBytes };
    state = 'extension';
    if (sizeBytes === 0) onExtension(Buffer.alloc(0));
  }

  function onExtension(data: Buffer): void {
    const flag = extension?.flag;
    if (flag === 'x') local = readRecords(data);
    else if (flag === 'g') global = [...global, ...readRecords(data)].slice(-1000);
    else if (flag === 'L') longName = readText(data, 0, data.length);
    else longLink = readText(data, 0, data.length);
    state = 'header';
  }

  function onMember(block: Buffer, flag: string, kind: TarKind, headerSizeBytes: number): void {
    const listed = [...global, ...local];
    const records = new Map(listed);
    const gnu = readText(block, 257, 8).startsWith('ustar ');
    const prefix = !gnu && readText(block, 257, 6).startsWith('ustar') ? readText(block, 345, 155) : '';
    const shortName = readText(block, 0, 100);
    const name =
      records.get('GNU.sparse.name') ??
      records.get('path') ??
      longName ??
      (prefix === '' ? shortName : `${prefix}/${shortName}`);
    last = name;
    const number = (key: string, offset: number, length: number) =>
      decimal(records, key, name) ?? readNumber(block, offset, length);
    const sizeBytes = records.has('size') ? number('size', 124, 12) : headerSizeBytes;
    // Old tars write directories as files whose name ends in a slash.
    const seen = kind === 'file' && name.endsWith('/') ? 'directory' : kind;
    const stored = seen === 'file' ? sizeBytes : 0;
    if (seen !== 'file' && seen !== 'hardlink' && sizeBytes > 0)
      throw new TarDamaged(`${shownName(name)} is a ${seen} with ${sizeBytes} bytes of data`);
    // Pax allows data behind a hard link (nobody writes it); GNU tar would not skip it.
    if (seen === 'hardlink' && sizeBytes > 0) throw new TarDamaged(`${shownName(name)} is a hard link with data`);
    const member: TarMember = {
      name,
      kind: seen,
      link:
        seen === 'hardlink' || seen === 'symlink'
          ? (records.get('linkpath') ?? longLink ?? readText(block, 157, 100))
          : '',
      mode: readNumber(block, 100, 8) & 0o7777,
      uid: number('uid', 108, 8),
      gid: number('gid', 116, 8),
      sizeBytes: stored,
      modified: fraction(records.get('mtime')) ?? readNumber(block, 136, 12),
      records: new Map([...records].filter(([key]) => key.startsWith('SCHILY.'))),
    };
    local = [];
    longName = longLink = undefined;
    dataBytes = stored;
    if (flag === 'S') onOldSparse(block, member);
    else if (records.get('GNU.sparse.major') === '1') {
      waiting = { member, pieces: [], realSizeBytes: decimal(records, 'GNU.sparse.realsize', name) ?? -1 };
      state = 'sparse-text';
    } else begin(sparseOf(member, listed));
  }

  function onOldSparse(block: Buffer, member: TarMember): void {
    waiting = { member, pieces: oldSparseMap(block, 386, 4), realSizeBytes: readNumber(block, 483, 12) };
    if (block[482]) state = 'sparse-blocks';
    else beginSparse(member.sizeBytes);
  }

  function beginSparse(sizeBytes: number): void {
    if (!waiting) return;
    const { member, pieces, realSizeBytes } = waiting;
    waiting = undefined;
    begin(sparseOf({ ...member, sizeBytes }, [], { map: pieces, realSizeBytes }));
  }

  function onSparseBlock(block: Buffer): void {
    waiting?.pieces.push(...oldSparseMap(block, 0, 21));
    if (waiting && waiting.pieces.length > 100_000) throw new TarDamaged(`${shownName(last)} has an absurd sparse map`);
    if (!block[504] && waiting) beginSparse(waiting.member.sizeBytes);
  }

  function onSparseText(block: Buffer): void {
    if (!waiting) return;
    mapText += block.toString('latin1');
    const done = newSparseText(mapText);
    if (!done && (mapText.length > extensionLimitBytes || mapText.length >= waiting.member.sizeBytes))
      throw new TarDamaged(`${shownName(last)} has a broken sparse map`);
    if (!done) return;
    const mapBytes = mapText.length;
    mapText = '';
    waiting.pieces.push(...done);
    const stored = waiting.member.sizeBytes - mapBytes;
    dataBytes = stored;
    beginSparse(stored);
  }

  function after(): string {
    return last === '' ? '' : ` (after ${shownName(last)})`;
  }

  /** One step: consumes something of the chunk and gives the rest, or undefined when all is used. */
  function step(chunk: Buffer): Buffer | undefined {
    if (state === 'data') {
      const piece = chunk.subarray(0, remaining);
      remaining -= piece.length;
      handler.data?.(piece);
      if (remaining === 0) endMember(dataBytes);
      return chunk.subarray(piece.length);
    }
    if (state === 'padding') {
      const skipped = Math.min(remaining, chunk.length);
      remaining -= skipped;
      if (remaining === 0) state = 'header';
      return chunk.subarray(skipped);
    }
    const wanted =
      state === 'extension' && extension ? extension.sizeBytes + paddingBytes(extension.sizeBytes) : tarBlockBytes;
    const taken = take(chunk, wanted);
    if (!taken) return undefined;
    if (state === 'header') onHeader(taken[0]);
    else if (state === 'extension') onExtension(taken[0].subarray(0, extension?.sizeBytes ?? 0));
    else if (state === 'sparse-blocks') onSparseBlock(taken[0]);
    else onSparseText(taken[0]);
    return taken[1];
  }

  return {
    push(chunk) {
      let rest: Buffer | undefined = chunk;
      while (rest && rest.length > 0 && state !== 'ended') rest = step(rest);
    },
    finish() {
      if (state === 'ended' || (state === 'header' && held.length === 0 && zeroBlocks > 0)) return;
      throw new TarDamaged(`the archive is cut off${after()}`);
    },
    get ended() {
      return state === 'ended';
    },
  };
}

function decimal(records: ReadonlyMap<string, string>, key: string, name: string): number | undefined {
  const text = records.get(key);
  if (text === undefined) return undefined;
  if (!/^[0-9]{1,15}$/.test(text)) throw new TarDamaged(`${shownName(name)} has ${key}=${shownName(text)}`);
  return Number(text);
}

function fraction(text: string | undefined): number | undefined {
  return text !== undefined && /^-?[0-9]{1,12}(\.[0-9]+)?$/.test(text) ? Number(text) : undefined;
}
