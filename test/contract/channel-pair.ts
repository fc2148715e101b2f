/** Two channels that are the two ends of one connection, in memory: a peer that is held back really waits. */
import type { Channel } from '../../src/api/handlers.ts';

type Message = { data: Uint8Array; isBinary: boolean };

export function channelPair(): [Channel, Channel] {
  const ends = [createEnd(), createEnd()] as const;
  ends[0].connect(ends[1]);
  ends[1].connect(ends[0]);
  return [ends[0].channel, ends[1].channel];
}

type End = {
  channel: Channel;
  connect(other: End): void;
  arrive(message: Message): void;
  gone(): void;
  inboxBytes(): number;
  wake(): void;
};

function createEnd(): End {
  const listeners: ((data: Uint8Array, isBinary: boolean) => void)[] = [];
  const closeListeners: (() => void)[] = [];
  const waiting = new Set<{ below: number; resolve: () => void }>();
  let peer: End | undefined;
  const inbox: Message[] = [];
  let paused = false;
  let closed = false;
  const inboxBytes = () => inbox.reduce((sum, { data }) => sum + data.length, 0);
  const deliver = () => {
    while (!paused && listeners.length > 0 && inbox.length > 0) {
      const message = inbox.shift();
      if (message) for (const listener of listeners) listener(message.data, message.isBinary);
    }
    peer?.wake();
    if (closed && inbox.length === 0) for (const listener of closeListeners.splice(0)) listener();
  };
  const end: End = {
    connect(other) {
      peer = other;
    },
    arrive(message) {
      if (closed) return;
      inbox.push(message);
      setImmediate(deliver);
    },
    gone() {
      closed = true;
      setImmediate(deliver);
    },
    inboxBytes,
    wake() {
      for (const waiter of [...waiting]) {
        if (!closed && (peer?.inboxBytes() ?? 0) >= waiter.below) continue;
        waiting.delete(waiter);
        waiter.resolve();
      }
    },
    channel: undefined as unknown as Channel,
  };
  const send = (data: Uint8Array, isBinary: boolean) => {
    if (!closed) peer?.arrive({ data: Buffer.from(data), isBinary });
  };
  end.channel = {
    sendText: (text) => send(typeof text === 'string' ? Buffer.from(text) : text, false),
    sendBinary: (data) => send(data, true),
    get bufferedBytes() {
      return peer?.inboxBytes() ?? 0;
    },
    drained(below) {
      if (closed || (peer?.inboxBytes() ?? 0) < below) return Promise.resolve();
      return new Promise<void>((resolve) => waiting.add({ below, resolve }));
    },
    onMessage(listener) {
      listeners.push(listener);
      setImmediate(deliver);
    },
    onClose(listener) {
      closeListeners.push(listener);
      if (closed) setImmediate(deliver);
    },
    pause() {
      paused = true;
    },
    resume() {
      paused = false;
      setImmediate(deliver);
    },
    close() {
      if (closed) return;
      end.gone();
      end.wake();
      // After what was sent before.
      setImmediate(() => peer?.gone());
    },
  };
  return end;
}
