/** Moves bytes between the local streams and websockets, never faster than the other side takes them. */
import type { Received, WebSocketConnection } from '../../client/websocket.ts';

/** Resolves at the end of the stream (an empty text frame), or when the connection ends. */
export function pumpOut(socket: WebSocketConnection, target: NodeJS.WriteStream): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.onMessage(({ binary, data }: Received) => {
    if (!binary) {
      if (data.length === 0) resolve();
      return;
    }
    if (target.destroyed || target.write(data)) return;
    socket.pause();
    target.once('drain', () => socket.resume());
  });
  // `| head` goes away: reading on would fill memory, so the connection ends.
  target.once('error', () => socket.close());
  socket.closed.then(resolve);
  return promise;
}

/** Sends stdin until its end, then the empty text frame that says so. `onChunk` may change or swallow what was typed. */
export function pumpIn(
  source: NodeJS.ReadStream,
  socket: WebSocketConnection,
  onChunk: (chunk: Buffer) => Buffer = (chunk) => chunk,
): Disposable {
  const send = (chunk: Buffer | string) => {
    const data = onChunk(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
    if (data.length === 0 || socket.sendBinary(data)) return;
    source.pause();
    socket.drained().then(() => source.resume());
  };
  const end = () => socket.sendText('');
  const stop = () => {
    source.off('data', send);
    source.off('end', end);
    source.off('error', end);
    source.pause();
    // A pipe or terminal that is still open must not keep this process alive.
    source.unref?.();
  };
  source.on('data', send);
  source.on('end', end);
  source.on('error', end);
  socket.closed.then(stop);
  return { [Symbol.dispose]: stop };
}
