/** A viewer as noVNC is one: VNC (RFB 3.8) over a websocket, one byte for each point. */
import { Duplex } from 'node:stream';
import type { WebSocketConnection } from '../../src/client/websocket.ts';
import { createPieceReader } from '../../src/engines/qemu/rfb-reader.ts';

const desktopSize = -308;

export type RfbViewer = Disposable & {
  size: string;
  /** Waits for the next piece of the picture: how many of its points are not black. */
  update(incremental: boolean): Promise<number>;
  /** Presses a key by its X11 name's number and lets it go. */
  key(symbol: number): void;
  askSize(width: number, height: number): void;
};

export async function openRfbViewer(socket: WebSocketConnection): Promise<RfbViewer> {
  const stream = streamOf(socket);
  const reader = createPieceReader(stream, AbortSignal.timeout(120_000));
  const send = (...bytes: number[]) => void stream.write(Buffer.from(bytes));
  const version = String(await reader.take(12));
  if (version !== 'RFB 003.008\n') throw new Error(`no VNC: ${version}`);
  stream.write(version);
  const [kinds = 0] = await reader.take(1);
  await reader.skip(kinds);
  send(1);
  await reader.skip(4);
  send(0);
  const init = await reader.take(24);
  await reader.skip(init.readUInt32BE(20));
  send(0, 0, 0, 0, 8, 8, 0, 1, 0, 7, 0, 7, 0, 3, 0, 3, 6, 0, 0, 0);
  const encodings = Buffer.alloc(12);
  encodings.writeUInt8(2, 0);
  encodings.writeUInt16BE(2, 2);
  encodings.writeInt32BE(desktopSize, 8);
  stream.write(encodings);
  const words = (value: number) => [value >> 8, value & 255];

  const viewer: RfbViewer = {
    size: `${init.readUInt16BE(0)}x${init.readUInt16BE(2)}`,
    async update(incremental) {
      const [width = 0, height = 0] = viewer.size.split('x').map(Number);
      send(3, incremental ? 1 : 0, 0, 0, 0, 0, ...words(width), ...words(height));
      for (;;) {
        const [kind] = await reader.take(1);
        if (kind !== 0) throw new Error(`message ${kind} of the server`);
        const points = await rectangles();
        if (points !== undefined) return points;
      }
    },
    key: (symbol) => {
      for (const down of [1, 0]) send(4, down, 0, 0, 0, 0, ...words(symbol));
    },
    askSize: (width, height) =>
      send(
        251,
        0,
        ...words(width),
        ...words(height),
        1,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        ...words(width),
        ...words(height),
        0,
        0,
        0,
        0,
      ),
    [Symbol.dispose]: () => void stream.destroy(),
  };

  /** Undefined when it only spoke of the size. */
  async function rectangles(): Promise<number | undefined> {
    let points: number | undefined;
    for (let left = (await reader.take(3)).readUInt16BE(1); left > 0; left--) {
      const head = await reader.take(12);
      const [width, height] = [head.readUInt16BE(4), head.readUInt16BE(6)];
      if (head.readInt32BE(8) === desktopSize) {
        viewer.size = `${width}x${height}`;
        const [screens = 0] = await reader.take(4);
        await reader.skip(16 * screens);
      } else points = (points ?? 0) + (await reader.take(width * height)).filter((point) => point !== 0).length;
    }
    return points;
  }
  return viewer;
}

function streamOf(socket: WebSocketConnection): Duplex {
  const stream = new Duplex({
    read: () => {},
    write(chunk: Buffer, _encoding, done) {
      socket.sendBinary(chunk);
      done();
    },
    destroy(error, done) {
      socket.close();
      done(error);
    },
  });
  socket.onMessage(({ binary, data }) => void (binary && stream.push(data)));
  socket.closed.then(() => stream.destroy());
  return stream;
}
