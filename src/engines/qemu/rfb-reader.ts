/** Reads whole pieces from a stream of a program that is not trusted: so many bytes, or an error after a deadline. */
import type { Duplex } from 'node:stream';
import { HostError } from '../../lib/host-error.ts';

export type PieceReader = {
  /** The next so many bytes. */
  take(bytes: number): Promise<Buffer>;
  /** Drops so many bytes, without keeping them. */
  skip(bytes: number): Promise<void>;
};

/** `signal` ends whatever is waited for. */
export function createPieceReader(stream: Duplex, signal: AbortSignal): PieceReader {
  let rest: Buffer = Buffer.alloc(0);
  let wake: (() => void) | undefined;
  let ended: Error | undefined;
  const end = (error: Error) => {
    ended ??= error;
    wake?.();
  };
  stream.on('data', (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    // Nobody waits: what comes meanwhile stays in the socket.
    stream.pause();
    wake?.();
  });
  stream.on('error', end);
  stream.on('close', () => end(new HostError('QEMU closed the connection of a viewer', { errno: 'ESRCH' })));
  signal.addEventListener('abort', () => end(signal.reason as Error), { once: true });
  const more = async () => {
    if (ended) throw ended;
    const { promise, resolve } = Promise.withResolvers<void>();
    wake = resolve;
    stream.resume();
    await promise;
  };
  return {
    async take(bytes) {
      while (rest.length < bytes) await more();
      const piece = rest.subarray(0, bytes);
      rest = rest.subarray(bytes);
      return piece;
    },
    async skip(bytes) {
      let left = bytes;
      for (;;) {
        const dropped = Math.min(left, rest.length);
        rest = rest.subarray(dropped);
        left -= dropped;
        if (left === 0) return;
        await more();
      }
    },
  };
}
