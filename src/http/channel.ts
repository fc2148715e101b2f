/** A websocket as core sees it: text, bytes, back-pressure, end. Peers that stop reading or answering are given up. */
import type { WebSocket } from 'ws';
import type { Channel } from '../api/handlers.ts';
import type { Limits } from './limits.ts';

/** What the server keeps of a channel. */
export type OpenChannel = {
  channel: Channel;
  /** Sends the keep-alive, or ends the connection when the peer has been silent for too long. */
  beat(now: number): void;
  terminate(): void;
};

/** Frames that arrive before the first listener are kept up to here; then the peer has to wait. */
const earlyBytes = 1024 * 1024;

export function createChannel(socket: WebSocket, limits: Limits): OpenChannel {
  const waiting = new Set<{ below: number; resolve: () => void }>();
  let lastHeard = Date.now();
  let paused = false;
  let ended = false;

  const wake = () => {
    for (const waiter of waiting) {
      if (!ended && socket.bufferedAmount >= waiter.below) continue;
      waiting.delete(waiter);
      waiter.resolve();
    }
  };
  const send = (data: string | Uint8Array, binary: boolean) => {
    if (socket.readyState !== socket.OPEN) return;
    socket.send(data, { binary, compress: false }, wake);
    if (socket.bufferedAmount > limits.websocketBacklogBytes) socket.terminate();
  };
  const heard = () => {
    lastHeard = Date.now();
  };
  socket.on('pong', heard).on('ping', heard).on('message', heard);
  // ws closes the connection itself after a protocol error; without a listener the process would end.
  socket.on('error', () => {});
  socket.on('close', () => {
    ended = true;
    wake();
  });
  const inbox = createInbox(socket);

  const channel: Channel = {
    sendText: (text) => send(text, false),
    sendBinary: (data) => send(data, true),
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    drained(bytes) {
      if (ended || socket.bufferedAmount < bytes) return Promise.resolve();
      return new Promise((resolve) => waiting.add({ below: bytes, resolve }));
    },
    onMessage: inbox.listen,
    onClose(listener) {
      if (ended) queueMicrotask(listener);
      else socket.on('close', () => listener());
    },
    pause() {
      paused = true;
      socket.pause();
    },
    resume() {
      paused = false;
      heard();
      socket.resume();
    },
    close(code = 1000, reason = '') {
      // The peer's own close frame can only be seen by reading.
      socket.resume();
      socket.close(code, reason);
    },
  };
  return {
    channel,
    beat(now) {
      // While we do not read we cannot hear either; a dead peer then shows when the ping cannot be written.
      if (!paused && now - lastHeard > limits.pongTimeoutMs) socket.terminate();
      else if (socket.readyState === socket.OPEN) socket.ping('keepalive');
    },
    terminate: () => socket.terminate(),
  };
}

type Message = { data: Uint8Array; isBinary: boolean };

function createInbox(socket: WebSocket): { listen: Channel['onMessage'] } {
  const listeners: ((data: Uint8Array, isBinary: boolean) => void)[] = [];
  let early: Message[] = [];
  let size = 0;
  socket.on('message', (raw: Buffer, isBinary: boolean) => {
    if (listeners.length > 0) {
      for (const listener of listeners) listener(raw, isBinary);
      return;
    }
    early.push({ data: raw, isBinary });
    size += raw.length;
    if (size > earlyBytes) socket.pause();
  });
  return {
    listen(listener) {
      listeners.push(listener);
      const kept = early;
      early = [];
      for (const message of kept) listener(message.data, message.isBinary);
      if (size > earlyBytes) socket.resume();
      size = 0;
    },
  };
}
