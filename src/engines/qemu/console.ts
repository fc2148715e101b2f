/** A viewer of the serial console: QEMU gives it what is written from now on, and keeps the log beside. */
import { connect } from 'node:net';
import type { ConsoleSession } from '../../core/ports/engine.ts';

export function openConsole(path: string): ConsoleSession {
  const socket = connect(path);
  // A machine that has ended: the end of the output tells it.
  socket.on('error', () => socket.destroy());
  return {
    input: socket,
    output: socket,
    // A serial line knows no size.
    resize: () => {},
    close: () => void socket.destroy(),
  };
}
