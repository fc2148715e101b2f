/**
 * Streams over one websocket, one after the other in each direction: data in binary frames, an empty text frame as the end
 * mark of a stream. The peer is held back when it sends faster than it is read.
 */

import type { Readable, Writable } from 'node:stream';
import type { Channel } from '../api/handlers.ts';
import { MigrationRefused } from '../core/ports/migration.ts';

export type Frame = { data: Uint8Array; isBinary: boolean };

export type FrameSocket = {
  /** The next frame; undefined when the peer has closed. Throws when it is silent for longer. */
  next(silenceMs: number): Promise<Frame | undefined>;
  /** Resolves when the peer has taken enough for more. */
  send(data: Uint8Array): Promise<void>;
  /** The end mark. */
  end(): void;
  readonly closed: boolean;
  /** Resolves when the connection is over, by whichever side. */
  readonly over: Promise<void>;
  close(): void;
};

const readAheadBytes = 4 * 1024 * 1024;
const unsentBytes = 2 * 1024 * 1024;

export function createFrameSocket(channel: Channel, signal: AbortSignal): FrameSocket {
  let waiting: Frame[] = [];
  let waitingBytes = 0;
  let paused = false;
  let closed = false;
  let wake: () => void = () => {};
  const over = Promise.withResolvers<void>();
  channel.onMessage((data, isBinary) => {
    waiting.push({ data, isBinary });
    waitingBytes += data.length;
    if (waitingBytes > readAheadBytes && !paused) {
      paused = true;
      channel.pause();
    }
    wake();
  });
  channel.onClose(() => {
    closed = true;
    over.resolve();
    wake();
  });
  const take = () => {
    const frame = waiting.shift();
    if (!frame) return undefined;
    waitingBytes -= frame.data.length;
    if (paused && waitingBytes < readAheadBytes / 2) {
      paused = false;
      channel.resume();
    }
    return frame;
  };
  return {
    async next(silenceMs) {
      signal.throwIfAborted();
      const ready = take();
      if (ready || closed) return ready;
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      wake = resolve;
      const abort = () => reject(signal.reason);
      const silent = () => reject(new MigrationRefused(`the other server was silent for ${silenceMs / 1000} s`));
      const timer = setTimeout(silent, silenceMs);
      signal.addEventListener('abort', abort, { once: true });
      try {
        await promise;
      } finally {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        wake = () => {};
      }
      return take();
    },
    async send(data) {
      if (closed) throw new MigrationRefused('the other server has closed the connection');
      channel.sendBinary(data);
      await channel.drained(unsentBytes);
    },
    end: () => channel.sendText(''),
    get closed() {
      return closed;
    },
    over: over.promise,
    close() {
      waiting = [];
      channel.close();
    },
  };
}

/** Sends all that the stream says, and the end mark. */
export async function sendStream(
  socket: FrameSocket,
  source: Readable,
  onBytes: (count: number) => void,
): Promise<void> {
  for await (const chunk of source as AsyncIterable<Buffer>) {
    onBytes(chunk.length);
    await socket.send(chunk);
  }
  if (!socket.closed) socket.end();
}

/** Writes the frames up to the end mark. What the reader no longer takes is dropped. */
export async function receiveStream(
  socket: FrameSocket,
  target: Writable,
  silenceMs: number,
  onBytes: (count: number) => void,
): Promise<void> {
  try {
    for (;;) {
      const frame = await socket.next(silenceMs);
      if (!frame) throw new MigrationRefused('the other server has closed the connection');
      if (!frame.isBinary) {
        if (frame.data.length === 0) return;
        throw new MigrationRefused('the other server sent text in place of data');
      }
      onBytes(frame.data.length);
      if (target.destroyed || target.writableEnded) continue;
      if (!target.write(frame.data)) await drained(target);
    }
  } finally {
    target.end();
  }
}

/** Also when it breaks. */
function drained(target: Writable): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = () => {
    target.off('drain', done).off('close', done);
    resolve();
  };
  target.once('drain', done).once('close', done);
  return promise;
}

/** All bytes up to the end mark. */
export async function receiveAll(socket: FrameSocket, limitBytes: number, silenceMs: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const frame = await socket.next(silenceMs);
    if (!frame) throw new MigrationRefused('the other server has closed the connection');
    if (!frame.isBinary) {
      if (frame.data.length > 0) throw new MigrationRefused('the other server sent text in place of data');
      return Buffer.concat(parts);
    }
    size += frame.data.length;
    if (size > limitBytes)
      throw new MigrationRefused(`the other server sent an index of more than ${limitBytes} bytes`);
    parts.push(frame.data);
  }
}
