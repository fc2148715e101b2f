/**
 * Running programs. Every child process of the daemon is started here or in `spawn.ts`: argv only (no shell),
 * an environment built from nothing, and no descriptor beyond 0, 1 and 2.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { HostError } from '../lib/host-error.ts';

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

export const baseEnvironment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C.UTF-8',
};

/** At most this much of each stream is kept; the rest is read and dropped. */
const outputLimitBytes = 16 * 1024 * 1024;

/** Runs a program to its end. Throws `HostError` on a missing program, a wrong exit code, a signal, a timeout or an abort. */
export async function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  options.signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<RunResult>();
  const shown = `${file} ${args.join(' ')}`.slice(0, 400);
  const outputFd = options.outputFile === undefined ? undefined : openSync(options.outputFile, 'w', 0o600);
  const child = spawn(file, args as string[], {
    cwd: options.cwd,
    env: { ...baseEnvironment, ...options.env },
    stdio: ['pipe', outputFd ?? 'pipe', outputFd ?? 'pipe'],
  });
  if (outputFd !== undefined) closeSync(outputFd);
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  const errorText = () => (options.outputFile === undefined ? stderr.text() : readFileSync(options.outputFile, 'utf8'));
  const timeoutMs = options.timeoutMs ?? 30_000;
  let ended: 'timeout' | 'aborted' | undefined;
  const end = (why: 'timeout' | 'aborted') => {
    ended = why;
    child.kill('SIGKILL');
  };
  const timer = setTimeout(() => end('timeout'), timeoutMs);
  const onAbort = () => end('aborted');
  options.signal?.addEventListener('abort', onAbort, { once: true });
  child.once('error', (cause: NodeJS.ErrnoException) => {
    clearTimeout(timer);
    const help = cause.code === 'ENOENT' ? `install the program ${file}, then see: gast doctor` : undefined;
    reject(
      new HostError(`cannot run ${file}: ${cause.message}`, {
        cause,
        ...(cause.code ? { errno: cause.code } : {}),
        ...(help ? { help } : {}),
      }),
    );
  });
  child.once(options.outputFile === undefined ? 'close' : 'exit', (code, signal) => {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', onAbort);
    const exitCode = code ?? 128;
    const result = { exitCode, stdout: stdout.text(), stderr: errorText() };
    if (ended === 'timeout')
      return reject(new HostError(`${shown}: no end after ${timeoutMs} ms, killed`, { exitCode }));
    if (ended === 'aborted') return reject(options.signal?.reason ?? new HostError(`${shown}: aborted`));
    if (signal) return reject(new HostError(`${shown}: ended by ${signal}: ${lastLines(result.stderr)}`, { exitCode }));
    if (!(options.accept ?? [0]).includes(exitCode))
      return reject(new HostError(`${shown}: exit code ${exitCode}: ${lastLines(result.stderr)}`, { exitCode }));
    resolve(result);
  });
  // A child that ends without reading its input raises EPIPE here; its exit code tells the story.
  child.stdin?.on('error', () => {});
  child.stdin?.end(options.input);
  return promise;
}

function collect(stream: NodeJS.ReadableStream | null): { text: () => string } {
  const chunks: Buffer[] = [];
  let size = 0;
  stream?.on('data', (chunk: Buffer) => {
    if (size < outputLimitBytes) chunks.push(chunk);
    size += chunk.length;
  });
  return { text: () => Buffer.concat(chunks).toString('utf8') };
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-4).join(' / ').slice(-600) || '(no message)';
}
