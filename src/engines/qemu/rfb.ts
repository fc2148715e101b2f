/**
 * The little of VNC's protocol (RFB 3.8, RFC 6143) that it takes to ask for another size, as a viewer does whose window was
 * pulled: the extension of the desktop's size, of TigerVNC. QEMU's monitor has no command for it (7.2 to 10.0).
 */
import type { Duplex } from 'node:stream';
import { HostError } from '../../lib/host-error.ts';
import type { ScreenSize } from '../../lib/screen-size.ts';
import { createPieceReader, type PieceReader } from './rfb-reader.ts';

const extendedDesktopSize = -308;
const rawEncoding = 0;
/** One byte for each point: whatever is drawn meanwhile is thrown away. */
const smallestPixels = Buffer.from([8, 8, 0, 1, 0, 7, 0, 7, 0, 3, 0, 3, 6, 0, 0, 0]);

/** Who the news of a size is meant for. */
const toMe = 1;
/** What QEMU says when it has told the guest; anything else is a refusal. */
const toldToGuest = 4;

/** A rectangle that speaks of the size of the desktop. */
type SizeNews = { reason: number; status: number; size: ScreenSize };

export type RfbSession = {
  /** What the guest shows, as far as it was told. */
  readonly size: ScreenSize;
  /** False when the video device knows no other size. */
  ask(size: ScreenSize): Promise<boolean>;
  /** Resolves when the guest shows another size. */
  changed(): Promise<void>;
};

/** Greets; the caller owns the stream. `signal` ends whatever is waited for. */
export async function openRfb(stream: Duplex, signal: AbortSignal): Promise<RfbSession> {
  const reader = createPieceReader(stream, signal);
  let size = await greet(stream, reader);
  stream.write(message(0, 3, smallestPixels));
  stream.write(setEncodings([rawEncoding, extendedDesktopSize]));
  /** Reads until something is said about the size. */
  const nextNews = async (): Promise<SizeNews> => {
    for (;;) {
      const [kind] = await reader.take(1);
      const news = await serverMessage(reader, kind);
      if (!news) continue;
      size = news.size;
      return news;
    }
  };
  // The first update brings the extension's own news, that it is spoken here; without it nobody may ask.
  stream.write(requestUpdate(false));
  await nextNews();
  return {
    get size() {
      return size;
    },
    async ask(wanted) {
      stream.write(setDesktopSize(wanted));
      for (;;) {
        const { reason, status } = await nextNews();
        if (reason === toMe) return status === toldToGuest;
      }
    },
    async changed() {
      const before = size;
      while (size.width === before.width && size.height === before.height) {
        stream.write(requestUpdate(true));
        await nextNews();
      }
    },
  };
}

async function greet(stream: Duplex, reader: PieceReader): Promise<ScreenSize> {
  const version = (await reader.take(12)).toString('latin1');
  if (!version.startsWith('RFB 003.')) throw new HostError(`QEMU speaks no VNC: ${JSON.stringify(version)}`);
  stream.write('RFB 003.008\n');
  const [kinds = 0] = await reader.take(1);
  if (!(await reader.take(kinds)).includes(1)) throw new HostError('QEMU asks a viewer for a password');
  stream.write(Buffer.of(1));
  if ((await reader.take(4)).readUInt32BE() !== 0) throw new HostError('QEMU refuses a viewer');
  const shared = 1;
  stream.write(Buffer.of(shared));
  const init = await reader.take(24);
  await reader.skip(init.readUInt32BE(20));
  return { width: init.readUInt16BE(0), height: init.readUInt16BE(2) };
}

async function serverMessage(reader: PieceReader, kind: number | undefined): Promise<SizeNews | undefined> {
  switch (kind) {
    case 0:
      return update(reader);
    case 1:
      return reader.skip(6 * (await reader.take(5)).readUInt16BE(3)).then(() => undefined);
    case 2:
      return undefined;
    case 3:
      return reader.skip((await reader.take(7)).readUInt32BE(3)).then(() => undefined);
    default:
      throw new HostError(`QEMU sent a viewer what it did not ask for: ${kind}`);
  }
}

async function update(reader: PieceReader): Promise<SizeNews | undefined> {
  let news: SizeNews | undefined;
  for (let left = (await reader.take(3)).readUInt16BE(1); left > 0; left--) {
    const head = await reader.take(12);
    const [reason, status, width, height] = [0, 2, 4, 6].map((at) => head.readUInt16BE(at)) as [
      number,
      number,
      number,
      number,
    ];
    const encoding = head.readInt32BE(8);
    if (encoding === rawEncoding) await reader.skip(width * height);
    else if (encoding === extendedDesktopSize) {
      const [screens = 0] = await reader.take(4);
      await reader.skip(16 * screens);
      news = { reason, status, size: { width, height } };
    } else throw new HostError(`QEMU sent a viewer an encoding that it did not ask for: ${encoding}`);
  }
  return news;
}

const message = (kind: number, padding: number, rest: Buffer) =>
  Buffer.concat([Buffer.of(kind), Buffer.alloc(padding), rest]);

function setEncodings(encodings: readonly number[]): Buffer {
  const body = Buffer.alloc(2 + 4 * encodings.length);
  body.writeUInt16BE(encodings.length);
  for (const [index, encoding] of encodings.entries()) body.writeInt32BE(encoding, 2 + 4 * index);
  return message(2, 1, body);
}

/** One point is enough: news of the size come with any update. */
const requestUpdate = (incremental: boolean) => Buffer.from([3, incremental ? 1 : 0, 0, 0, 0, 0, 0, 1, 0, 1]);

function setDesktopSize({ width, height }: ScreenSize): Buffer {
  const body = Buffer.alloc(22);
  body.writeUInt16BE(width, 0);
  body.writeUInt16BE(height, 2);
  // One screen, that fills all of it.
  body.writeUInt8(1, 4);
  body.writeUInt16BE(width, 14);
  body.writeUInt16BE(height, 16);
  return message(251, 1, body);
}
