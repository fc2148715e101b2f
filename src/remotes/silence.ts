/** Ends a connection whose other side has fallen silent. That a reader of ours is slow is no silence. */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Watches until the connection ends. Connections inside the process have no clock. */
export function endWhenSilent(connection: Duplex, silenceMs: number, error: (reason: string) => Error): void {
  const socket = connection as Duplex & Partial<Pick<Socket, 'setTimeout'>>;
  socket.setTimeout?.(silenceMs, () => {
    // Bytes that nobody took: it is us who do not read.
    if (socket.readableLength > 0 || socket.isPaused()) socket.setTimeout?.(silenceMs);
    else socket.destroy(error(`nothing came for ${silenceMs / 1000} s`));
  });
}
