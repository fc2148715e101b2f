/**
 * The bytes of a disk on the fs socket, to an end mark. Incus sends all of them, zeros too; between two of us each piece says
 * where it belongs, and zeros stay at home.
 */
import type { ArrivingDisk, DiskContent, DiskPiece } from '../core/ports/disk-content.ts';
import { MigrationRefused } from '../core/ports/migration.ts';
import type { FrameSocket } from './frames.ts';
import type { Link } from './link.ts';

const zeros = Buffer.alloc(1024 * 1024);
/** Size of the disk, at the start. */
const sizeFieldBytes = 8;
/** Place and length, before each piece. */
const placeBytes = 12;
const largestPieceBytes = 16 * 1024 * 1024;
/** As much as a volume may have anywhere here. */
const largestDiskBytes = 16 * 2 ** 40;

export async function sendDisk(link: Link, content: DiskContent, sparse: boolean): Promise<void> {
  const send = (bytes: Buffer) => {
    link.progress(bytes.length);
    return link.fs.send(bytes);
  };
  if (sparse) await sendPieces(content, send);
  else await sendWhole(content, send);
  link.fs.end();
}

async function sendPieces({ sizeBytes, read }: DiskContent, send: (bytes: Buffer) => Promise<void>): Promise<void> {
  const size = Buffer.alloc(sizeFieldBytes);
  size.writeBigUInt64BE(BigInt(sizeBytes));
  await send(size);
  for await (const { offset, bytes } of read()) {
    const place = Buffer.alloc(placeBytes);
    place.writeBigUInt64BE(BigInt(offset));
    place.writeUInt32BE(bytes.length, 8);
    await send(Buffer.concat([place, bytes]));
  }
}

async function sendWhole({ sizeBytes, read }: DiskContent, send: (bytes: Buffer) => Promise<void>): Promise<void> {
  let at = 0;
  const fill = async (to: number) => {
    for (; at < to; at += Math.min(zeros.length, to - at))
      await send(zeros.subarray(0, Math.min(zeros.length, to - at)));
  };
  for await (const { offset, bytes } of read()) {
    await fill(offset);
    await send(bytes);
    at = offset + bytes.length;
  }
  await fill(sizeBytes);
}

/** `sizeBytes`: what the offer says, where the stream itself does not. Its pieces have to be read to their end. */
export async function arrivingDisk(link: Link, sparse: boolean, sizeBytes: number): Promise<ArrivingDisk> {
  const bytes = createReader(link);
  if (!sparse) return { sizeBytes: checkedSize(sizeBytes), pieces: wholePieces(bytes) };
  const size = await bytes.exactly(sizeFieldBytes);
  if (!size) throw broken('it has no size');
  return { sizeBytes: checkedSize(Number(size.readBigUInt64BE())), pieces: placedPieces(bytes) };
}

/** A disk that is sent without being wanted. */
export async function passOver({ pieces }: ArrivingDisk): Promise<void> {
  for await (const _ of pieces);
}

function checkedSize(sizeBytes: number): number {
  if (Number.isSafeInteger(sizeBytes) && sizeBytes > 0 && sizeBytes <= largestDiskBytes) return sizeBytes;
  throw broken(`its size is said to be ${sizeBytes} bytes`);
}

async function* wholePieces(bytes: Reader): AsyncGenerator<DiskPiece> {
  let offset = 0;
  for (let next = await bytes.some(); next; next = await bytes.some()) {
    yield { offset, bytes: next };
    offset += next.length;
  }
}

async function* placedPieces(bytes: Reader): AsyncGenerator<DiskPiece> {
  for (let place = await bytes.exactly(placeBytes); place; place = await bytes.exactly(placeBytes)) {
    const length = place.readUInt32BE(8);
    if (length > largestPieceBytes) throw broken(`it has a piece of ${length} bytes`);
    const piece = length === 0 ? Buffer.alloc(0) : await bytes.exactly(length);
    if (!piece) throw broken('it ends in the middle of a piece');
    yield { offset: Number(place.readBigUInt64BE()), bytes: piece };
  }
}

type Reader = {
  /** Undefined: the stream is over. */
  some(): Promise<Buffer | undefined>;
  /** Frames are cut anywhere by whoever stands between. */
  exactly(count: number): Promise<Buffer | undefined>;
};

function createReader({ fs, times, progress }: Link): Reader {
  let held: Buffer = Buffer.alloc(0);
  const some = async () => {
    const bytes = await nextBytes(fs, times.silenceMs);
    if (bytes) progress(bytes.length);
    return bytes;
  };
  return {
    some,
    async exactly(count) {
      const parts = [held];
      let bytes = held.length;
      while (bytes < count) {
        const next = await some();
        if (!next && bytes === 0) return undefined;
        if (!next) throw broken('it ends in the middle of a piece');
        parts.push(next);
        bytes += next.length;
      }
      const all = parts.length === 1 ? held : Buffer.concat(parts);
      held = all.subarray(count);
      return all.subarray(0, count);
    },
  };
}

async function nextBytes(socket: FrameSocket, silenceMs: number): Promise<Buffer | undefined> {
  const frame = await socket.next(silenceMs);
  if (!frame) throw new MigrationRefused('the other server has closed the connection');
  const { data } = frame;
  if (frame.isBinary) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (data.length > 0) throw new MigrationRefused('the other server sent text in place of data');
  return undefined;
}

const broken = (what: string) => new MigrationRefused(`the disk that the other server sends is damaged: ${what}`);
