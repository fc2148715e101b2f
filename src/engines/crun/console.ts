/**
 * Viewers of a console. Input goes to conmon's socket; output is read from its log file, which several viewers may
 * follow, each at its own speed, without slowing the guest.
 */
import { closeSync, constants, createReadStream, fstatSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { Readable, Writable } from 'node:stream';
import type { ConsoleSession } from '../../core/ports/engine.ts';
import { sendPackets } from '../../host/unix-seqpacket.ts';
import { watchDirectory } from '../../host/watch-directory.ts';
import type { Ends } from '../ends.ts';
import { renderConsole } from './console-log.ts';
import type { Layout } from './layout.ts';

/** conmon reads at most this much of a packet and drops what is beyond. */
const packetBytes = 4096;
const chunkBytes = 64 * 1024;

export function openConsole(layout: Layout, ends: Ends, id: string): ConsoleSession {
  const closed = new AbortController();
  const output = followLog(layout.consoleLog(id), ends, id);
  const input = new Writable({
    write(chunk: Buffer, _encoding, done) {
      sendPackets(layout.attach(id), chunk, packetBytes, closed.signal).then(() => done(), done);
    },
  });
  // A guest that has ended takes no input: the end of `output` tells it.
  input.on('error', () => {});
  return {
    input,
    output,
    resize: (width, height) => resizeConsole(layout.control(id), width, height),
    close() {
      closed.abort();
      input.destroy();
      output.destroy();
    },
  };
}

/** conmon's window size fifo. Opened without waiting: a dead conmon must not hang us. */
function resizeConsole(fifo: string, width: number, height: number): void {
  try {
    const descriptor = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
    try {
      writeSync(descriptor, `1 ${height} ${width}\n`);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    // No reader: the guest has ended, there is nothing to resize.
  }
}

/** What is written to the log from now on. Survives that conmon begins a new file when the old one is full. */
function followLog(path: string, ends: Ends, id: string): Readable {
  let descriptor = openSync(path, constants.O_RDONLY);
  let offset = fstatSync(descriptor).size;
  let rest: Buffer = Buffer.alloc(0);
  let wanted = false;
  let ended = false;
  const buffer = Buffer.alloc(chunkBytes);

  /** One piece of output; undefined when there is none now. */
  function next(): Buffer | undefined {
    for (;;) {
      if (fstatSync(descriptor).size < offset) offset = 0;
      const length = readSync(descriptor, buffer, 0, buffer.length, offset);
      if (length > 0) {
        offset += length;
        const rendered = renderConsole(Buffer.concat([rest, buffer.subarray(0, length)]));
        rest = rendered.rest;
        if (rendered.output.length > 0) return rendered.output;
      } else if (!openNewFile()) return undefined;
    }
  }

  function openNewFile(): boolean {
    const now = statSync(path, { throwIfNoEntry: false });
    if (!now || now.ino === fstatSync(descriptor).ino) return false;
    closeSync(descriptor);
    descriptor = openSync(path, constants.O_RDONLY);
    offset = 0;
    return true;
  }

  function pump() {
    while (wanted) {
      const piece = next();
      if (piece === undefined) break;
      wanted = stream.push(piece);
    }
    if (wanted && ended) {
      wanted = false;
      stream.push(null);
    }
  }

  const stream = new Readable({
    read() {
      wanted = true;
      pump();
    },
    destroy(error, done) {
      watch[Symbol.dispose]();
      end[Symbol.dispose]();
      wanted = false;
      closeSync(descriptor);
      done(error);
    },
  });
  const watch = watchDirectory(dirname(path), () => {
    if (!stream.destroyed) pump();
  });
  const end = ends.onEnd(id, () => {
    ended = true;
    if (!stream.destroyed) pump();
  });
  return stream;
}

/** All that is kept of the console since the guest's start. */
export async function readConsoleLog(path: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of createReadStream(path)) chunks.push(chunk as Buffer);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return renderConsole(Buffer.concat(chunks)).output;
}
