/** A websocket connection to the daemon: messages with back-pressure both ways, pings answered, clean close. */
import type { Upgraded } from './http-transport.ts';
import { createFrameDecoder, encodeFrame, opcodes } from './websocket-frames.ts';

export type Received = { binary: boolean; data: Buffer };

export interface WebSocketConnection extends Disposable {
  /** Called for each message in order. Messages that came earlier are kept until the first listener is there. */
  onMessage(listener: (message: Received) => void): void;
  /** Resolves when the connection has ended, whoever ended it. */
  readonly closed: Promise<void>;
  readonly isOpen: boolean;
  sendText(text: string): void;
  /** False: more than the high-water mark is waiting; wait for `drained`. */
  sendBinary(data: Uint8Array): boolean;
  drained(): Promise<void>;
  pause(): void;
  resume(): void;
  close(): void;
}

export function createWebSocketConnection({ socket, head }: Upgraded): WebSocketConnection {
  let listener: ((message: Received) => void) | undefined;
  const early: Received[] = [];
  let open = true;
  const { promise: closed, resolve: markClosed } = Promise.withResolvers<void>();

  const end = () => {
    open = false;
    markClosed();
  };
  const decode = createFrameDecoder(({ opcode, data }) => {
    if (opcode === opcodes.ping) socket.write(encodeFrame(opcodes.pong, data));
    else if (opcode === opcodes.close) close();
    else if (opcode !== opcodes.pong) {
      const message = { binary: opcode === opcodes.binary, data };
      if (listener) listener(message);
      else early.push(message);
    }
  });
  const close = () => {
    if (!open) return;
    open = false;
    socket.end(encodeFrame(opcodes.close, Buffer.from([0x03, 0xe8])));
  };

  socket.on('close', end);
  socket.on('end', () => socket.end());
  // A broken connection is a closed one; who waits for `closed` decides what that means.
  socket.on('error', end);
  socket.on('data', (chunk: Buffer) => {
    try {
      decode(chunk);
    } catch {
      socket.destroy();
    }
  });
  if (head.length > 0) decode(head);

  return {
    onMessage: (next) => {
      listener = next;
      for (const message of early.splice(0)) next(message);
    },
    closed,
    get isOpen() {
      return open;
    },
    sendText: (text) => {
      if (open) socket.write(encodeFrame(opcodes.text, Buffer.from(text)));
    },
    sendBinary: (data) => !open || socket.write(encodeFrame(opcodes.binary, data)),
    drained: () =>
      new Promise((resolve) => {
        if (!open || !socket.writableNeedDrain) return resolve();
        const done = () => {
          socket.off('drain', done);
          socket.off('close', done);
          resolve();
        };
        socket.on('drain', done);
        socket.on('close', done);
      }),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    close,
    [Symbol.dispose]: () => {
      close();
      // A peer that never answers the close must not keep the process alive.
      if (socket.writableFinished) socket.destroy();
      else socket.once('finish', () => socket.destroy());
    },
  };
}
