/** The two ways to talk to a command in a guest: three pipes, or one terminal. Both keep back-pressure. */
import { closeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { Readable, type Transform, Writable } from 'node:stream';
import type { ExecSpec } from '../../core/ports/engine.ts';
import { makePipe, readableEnd, writableEnd } from '../../host/pipe.ts';
import { openPty, resizeTerminalOf, type TerminalSize, terminalReader, writeTerminal } from '../../host/pty.ts';
import type { GuestRecord } from './record.ts';

export type ExecStreams = {
  stdin: NodeJS.WritableStream;
  stdout: NodeJS.ReadableStream;
  stderr?: NodeJS.ReadableStream;
  /** Descriptors 0, 1 and 2 of the child. */
  childEnds: number[];
  /** Once the child has them: else no end of file would ever be seen. */
  releaseChildEnds(): void;
  /** `pid`: the process inside. */
  resize(pid: number, size: TerminalSize): void;
  /** After the command's end: resolves when what it wrote has been read. */
  drained(): Promise<void>;
  destroy(): void;
};

/** A process that the command left behind may hold the output open; without news for so long, it is cut off. */
const lingerMs = 150;

/** `words` passes what the command itself says. */
export function openPipes(record: GuestRecord, spec: ExecSpec, words: Transform): ExecStreams {
  // The guest's user owns them, or it could not open /dev/stdout again.
  const owner = { uid: record.base + spec.user, gid: record.base + spec.group };
  const [input, output, errors] = [makePipe(owner), makePipe(owner), makePipe(owner)];
  const stdin = writableEnd(input.write);
  const stdout = readableEnd(output.read);
  const errorPipe = readableEnd(errors.read);
  const stderr = errorPipe.pipe(words);
  // The command may end without reading its input, or be killed with its pipes.
  for (const stream of [stdin, stdout, errorPipe, stderr]) stream.on('error', () => {});
  const untilRead = (end: Readable, pipe: Socket) =>
    untilEnd(
      end,
      () => pipe.bytesRead,
      () => pipe.push(null),
    );
  return {
    stdin,
    stdout,
    stderr,
    childEnds: [input.read, output.write, errors.write],
    releaseChildEnds: once(() => {
      for (const end of [input.read, output.write, errors.write]) closeSync(end);
    }),
    resize() {},
    async drained() {
      await Promise.all([untilRead(stdout, stdout), untilRead(stderr, errorPipe)]);
      stdin.destroy();
    },
    destroy() {
      for (const stream of [stdin, stdout, errorPipe, stderr]) stream.destroy();
    },
  };
}

export function openTerminal(size: TerminalSize, words: Transform): ExecStreams {
  const { master, slave } = openPty(size);
  const terminal = terminalReader(master);
  // Until crun has made it raw itself, what is typed early would be echoed twice.
  terminal.setRawMode(true);
  const screen = new Readable({
    read: () => void terminal.resume(),
    destroy(error, done) {
      terminal.destroy();
      done(error);
    },
  });
  terminal.on('data', (chunk: Buffer) => {
    if (!screen.push(chunk)) terminal.pause();
  });
  const end = once(() => screen.push(null));
  const stdout = screen.pipe(words);
  terminal.on('error', end).on('end', end).on('close', end);
  const stdin = new Writable({
    // A terminal has no end of input: who wants one types it.
    write: (chunk: Buffer, _encoding, done) => {
      // Written after the end: nobody is there to read it.
      writeTerminal(master, chunk, () => terminal.destroyed).then(
        () => done(),
        () => done(),
      );
    },
  });
  return {
    stdin,
    stdout,
    childEnds: [slave, slave, slave],
    releaseChildEnds: once(() => closeSync(slave)),
    resize: (pid, wanted) => void resizeTerminalOf(pid, wanted),
    drained: () =>
      untilEnd(
        stdout,
        () => terminal.bytesRead,
        () => void terminal.destroy(),
      ),
    destroy() {
      screen.destroy();
      stdout.destroy();
    },
  };
}

/**
 * Resolves at the stream's end. Looks at counters instead of listening for data: a listener would make the stream flow
 * before its reader has come, and what nobody reads yet must wait.
 */
function untilEnd(stream: Readable, taken: () => number, cut: () => void): Promise<void> {
  if (stream.readableEnded || stream.destroyed) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  let before = -1;
  const timer = setInterval(() => {
    const read = stream.readableFlowing === true || stream.listenerCount('readable') > 0;
    if (read && stream.readableLength === 0 && taken() === before) cut();
    before = taken();
  }, lingerMs);
  stream.once('close', resolve).once('end', resolve);
  return promise.finally(() => clearInterval(timer));
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (!done) work();
    done = true;
  };
}
