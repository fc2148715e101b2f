/**
 * Programs whose standard input or output is streamed (decompressors, tar, image builders), where `run` would hold
 * everything in memory. The same rules: argv only, an environment built from nothing, no descriptor beyond 0, 1 and 2.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Duplex, Readable, Writable } from 'node:stream';
import { HostError } from '../lib/host-error.ts';
import { baseEnvironment } from './run.ts';

export type PipedOptions = {
  /** A descriptor to read from, or a pipe. @default nothing */
  stdin?: number | 'pipe';
  /** A descriptor to write to, or a pipe. @default nothing */
  stdout?: number | 'pipe';
  /** The child gets one end of a socket pair as descriptor 3. @default false */
  channel?: boolean;
  env?: Record<string, string>;
  cwd?: string;
  /** Each line of standard error as it comes. */
  onLine?: (line: string) => void;
  /**
   * The program starts others and cleans up after itself: it gets its own process group, and when it must end the group
   * gets SIGTERM, and SIGKILL so much later. @default 0: SIGKILL for the program alone
   */
  graceMs?: number;
  signal?: AbortSignal | undefined;
};

export type Piped = {
  stdin: Writable | null;
  stdout: Readable | null;
  /** Our end of the socket pair. */
  channel: Duplex | null;
  /** Settles when the program has ended and its streams are closed; rejects with `HostError` or the abort's reason. */
  ended: Promise<void>;
  kill(): void;
};

export function startPiped(file: string, args: readonly string[], options: PipedOptions = {}): Piped {
  options.signal?.throwIfAborted();
  const graceMs = options.graceMs ?? 0;
  const child = spawn(file, args as string[], {
    cwd: options.cwd,
    env: { ...baseEnvironment, ...options.env },
    stdio: [
      options.stdin ?? 'ignore',
      options.stdout ?? 'ignore',
      'pipe',
      ...(options.channel ? ['pipe' as const] : []),
    ],
    detached: graceMs > 0,
  }) as ChildProcessByStdio<Writable | null, Readable | null, Readable>;
  const lastLines = followLines(child.stderr, options.onLine);
  const kill = () => stop(child, graceMs);
  const ended = follow(child, file, lastLines, kill, options.signal);
  // Whoever waits sees the rejection; a caller that failed earlier for a better reason may never look.
  ended.catch(() => {});
  child.stdin?.on('error', () => {});
  const channel = (child.stdio[3] ?? null) as Duplex | null;
  channel?.on('error', () => {});
  return { stdin: child.stdin, stdout: child.stdout, channel, ended, kill };
}

type Child = ChildProcessByStdio<Writable | null, Readable | null, Readable>;

function stop(child: Child, graceMs: number): void {
  if (graceMs === 0) {
    child.kill('SIGKILL');
    return;
  }
  if (child.killed || child.exitCode !== null || child.signalCode !== null) return;
  killGroup(child, 'SIGTERM');
  const timer = setTimeout(() => killGroup(child, 'SIGKILL'), graceMs);
  child.once('close', () => clearTimeout(timer));
}

function killGroup(child: Child, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function follow(
  child: Child,
  file: string,
  lastLines: () => string,
  kill: () => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  signal?.addEventListener('abort', kill, { once: true });
  const settle = () => signal?.removeEventListener('abort', kill);
  child.once('error', (cause: NodeJS.ErrnoException) => {
    settle();
    const help = cause.code === 'ENOENT' ? { help: `install the program ${file}, then see: gast doctor` } : {};
    reject(new HostError(`cannot run ${file}: ${cause.message}`, { cause, ...help }));
  });
  child.once('close', (code, endSignal) => {
    settle();
    if (signal?.aborted) return reject(signal.reason);
    if (code === 0) return resolve();
    const how = endSignal ? `ended by ${endSignal}` : `exit code ${code}`;
    reject(new HostError(`${file}: ${how}: ${lastLines()}`, code === null ? {} : { exitCode: code }));
  });
  return promise;
}

function followLines(stream: Readable, onLine?: (line: string) => void): () => string {
  const recent: string[] = [];
  let rest = '';
  stream.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split(/[\r\n]+/);
    // A program that writes without ever ending a line must not fill the memory.
    rest = (lines.pop() ?? '').slice(-4096);
    for (const line of lines) {
      if (line === '') continue;
      recent.push(line.slice(0, 400));
      if (recent.length > 5) recent.shift();
      onLine?.(line);
    }
  });
  return () =>
    [...recent, rest]
      .filter((line) => line !== '')
      .join(' / ')
      .slice(-900) || '(no message)';
}

/** What the program writes, ending in an error when the program failed: a closed pipe alone looks like success. */
export async function* outputOf(program: Piped): AsyncGenerator<Buffer> {
  try {
    if (program.stdout) yield* program.stdout as AsyncIterable<Buffer>;
    await program.ended;
  } finally {
    program.kill();
  }
}
