/** A websocket as a stream of bytes both ways, for what machines say to each other: their memory, and the blocks of a disk. */
import { Duplex } from 'node:stream';
import { MigrationRefused } from '../core/ports/migration.ts';
import type { FrameSocket } from './frames.ts';

type Wire = { silenceMs: number; onBytes(count: number): void };

export function createSocketStream(socket: FrameSocket, { silenceMs, onBytes }: Wire): Duplex {
  const stream = new Duplex({
    read() {
      socket.next(silenceMs).then(
        (frame) => {
          if (!frame) return stream.destroy(new MigrationRefused('the other server has closed the connection'));
          if (!frame.isBinary) return stream.push(null);
          onBytes(frame.data.length);
          return stream.push(frame.data);
        },
        (error: Error) => stream.destroy(error),
      );
    },
    write(bytes: Buffer, _encoding, done) {
      onBytes(bytes.length);
      socket.send(bytes).then(() => done(), done);
    },
    final(done) {
      if (!socket.closed) socket.end();
      done();
    },
  });
  // What breaks it is told by the migration, whoever uses it then.
  return stream.on('error', () => {});
}
