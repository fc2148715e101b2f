/** Running programs to their end, with what they wrote. */
import { closeSync, openSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { HostError } from '../lib/host-error.ts';
import { signalName } from './signals.ts';
import { spawnProgram } from './spawn.ts';

export { baseEnvironment } from './spawn.ts';

export type RunOptions = {
  /** Written to standard input, which is empty otherwise. */
  input?: string | Uint8Array;
  /** Extra environment; PATH and LC_ALL are always set. */
  env?: Record<string, string>;
  cwd?: string;
  /** Ends the child with SIGKILL. @default 30000 */
  timeoutMs?: number;
  signal?: AbortSignal;
  /**
   * For programs that go to the background: both outputs go to this file, because a child that lives on keeps a pipe
   * open, and the run ends with the exit of the first process.
   */
  outputFile?: string;
  /** Exit codes that are not errors. @default [0] */
  accept?: number[];
};

export type RunResult = { exitCode: number; stdout: string; stderr: string };

/** At most this much of each stream is kept; the rest is read and dropped. */
const outputLimitBytes = 16 * 1024 * 1024;

/** Throws `HostError` on a missing program, a wrong exit code, a signal, a timeout or an abort. */
export async function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  options.signal?.throwIfAborted();
  const shown = `${file} ${args.join(' ')}`.slice(0, 400);
  const outputFd = options.outputFile === undefined ? undefined : openSync(options.outputFile, 'w', 0o600);
  const child = start(file, args, options, outputFd);
  const outputs = [1, 2].map((index) => collect(child.pipes.get(index)));
  const timeoutMs = options.timeoutMs ?? 30_000;
  let ended: 'timeout' | 'aborted' | undefined;
  const end = (why: 'timeout' | 'aborted') => {
    ended = why;
    process.kill(child.pid, 'SIGKILL');
  };
  const timer = setTimeout(end, timeoutMs, 'timeout');
  const onAbort = () => end('aborted');
  options.signal?.addEventListener('abort', onAbort, { once: true });
  // A child that ends without reading its input raises EPIPE here; its exit code tells the story.
  const stdin = child.pipes.get(0);
  stdin?.on('error', () => {});
  stdin?.end(options.input ?? '');
  try {
    const { exitCode, signal } = await child.exited;
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', onAbort);
    const [stdout = '', piped = ''] = await Promise.all(outputs);
    const stderr = options.outputFile === undefined ? piped : readFileSync(options.outputFile, 'utf8');
    if (ended === 'timeout') throw new HostError(`${shown}: no end after ${timeoutMs} ms, killed`, { exitCode });
    if (ended === 'aborted') throw options.signal?.reason ?? new HostError(`${shown}: aborted`);
    const said = lastLines(stderr);
    if (signal !== undefined) throw new HostError(`${shown}: ended by ${signalName(signal)}: ${said}`, { exitCode });
    if (!(options.accept ?? [0]).includes(exitCode))
      throw new HostError(`${shown}: exit code ${exitCode}: ${said}`, { exitCode });
    return { exitCode, stdout, stderr };
  } finally {
    clearTimeout(timer);
  }
}

function start(file: string, args: readonly string[], options: RunOptions, outputFd: number | undefined) {
  try {
    return spawnProgram(file, args, {
      stdio: [options.input === undefined ? 'ignore' : 'pipe', outputFd ?? 'pipe', outputFd ?? 'pipe'],
      ...(options.env ? { env: options.env } : {}),
      cwd: options.cwd ?? process.cwd(),
    });
  } finally {
    if (outputFd !== undefined) closeSync(outputFd);
  }
}

/** All that a stream says, up to the limit; resolves at its end. */
function collect(stream: Socket | undefined): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  if (!stream) return Promise.resolve('');
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    if (size < outputLimitBytes) chunks.push(chunk);
    size += chunk.length;
  });
  stream.once('error', () => {});
  stream.once('close', () => resolve(Buffer.concat(chunks).toString('utf8')));
  return promise;
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-4).join(' / ').slice(-600) || '(no message)';
}
