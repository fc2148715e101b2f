/**
 * Lines of JSON over a unix socket, to and from a program that is not trusted: a machine's QEMU, or the agent inside. What is
 * no JSON, or has no end, breaks the connection and nothing else.
 */
import { connectUnix } from '../../host/unix-connection.ts';
import { HostError } from '../../lib/host-error.ts';

/** Larger than any true answer: the agent reads files in pieces of some ten kilobytes. */
const longestLine = 16 * 2 ** 20;

export type JsonLines = Disposable & {
  send(value: unknown, prefix?: Uint8Array): void;
  /** Sends a message and a descriptor with it, which the caller still has to close. */
  sendDescriptor(value: unknown, descriptor: number): void;
  /** The next message; `what` names in errors what was waited for. */
  next(what: string, timeoutMs: number): Promise<Record<string, unknown>>;
  /** What comes before the next mark (0xff) is forgotten. */
  skipToMark(): void;
  /** Nobody waits for anything: what is sent meanwhile stays where it is, and the process may end. */
  rest(): void;
};

export function openJsonLines(path: string, name: string): JsonLines {
  const { socket, sendDescriptor } = connectUnix(path);
  const waiting: Record<string, unknown>[] = [];
  let waitingBytes = 0;
  let rest: Buffer = Buffer.alloc(0);
  let skips = false;
  let wake: (() => void) | undefined;
  let ended: Error | undefined;
  const end = (error: Error) => {
    ended ??= error;
    socket.destroy();
    wake?.();
  };
  const take = (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    if (skips) {
      const at = rest.indexOf(markByte);
      rest = at < 0 ? Buffer.alloc(0) : rest.subarray(at);
      skips = at < 0;
    }
    for (let at = rest.indexOf(10); at >= 0; at = rest.indexOf(10)) {
      const line = afterMark(rest.subarray(0, at)).toString();
      rest = rest.subarray(at + 1);
      if (line.trim() === '') continue;
      waiting.push(parse(line, name));
      waitingBytes += line.length;
    }
    if (rest.length + waitingBytes > longestLine) throw new HostError(`${name} sends without an end`);
    wake?.();
  };
  socket.on('data', (chunk: Buffer) => {
    try {
      take(chunk);
    } catch (error) {
      end(error as Error);
    }
  });
  socket.on('error', end);
  socket.on('close', () => end(new HostError(`${name} closed the connection`, { errno: 'ESRCH' })));
  return {
    send: (value, prefix = Buffer.alloc(0)) => void socket.write(Buffer.concat([prefix, encode(value)])),
    sendDescriptor: (value, descriptor) => sendDescriptor(encode(value), descriptor),
    skipToMark() {
      skips = true;
      waiting.length = 0;
      waitingBytes = 0;
    },
    rest() {
      socket.pause();
      socket.unref();
    },
    async next(what, timeoutMs) {
      const tooLate = () =>
        end(new HostError(`${name} did not answer within ${timeoutMs} ms: ${what}`, { errno: 'ETIMEDOUT' }));
      const deadline = setTimeout(tooLate, timeoutMs);
      socket.ref();
      socket.resume();
      try {
        for (;;) {
          const message = waiting.shift();
          if (waiting.length === 0) waitingBytes = 0;
          if (message) return message;
          if (ended) throw ended;
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      } finally {
        clearTimeout(deadline);
      }
    },
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

/** No UTF-8 has this byte; the agent puts it before answers by which it is synchronised, old ones among them. */
const markByte = 0xff;
const afterMark = (line: Buffer) => line.subarray(line.lastIndexOf(markByte) + 1);

const encode = (value: unknown) => Buffer.from(`${JSON.stringify(value)}\n`);

function parse(line: string, name: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw new HostError(`${name} sent what is no message: ${JSON.stringify(line.slice(0, 80))}`);
}
