/**
 * Starting programs that live on beside us or talk through given descriptors. As in `run.ts`: argv only, an environment
 * built from nothing, and no descriptor beyond those listed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { HostError } from '../lib/host-error.ts';
import { baseEnvironment } from './run.ts';
import { joinFreshKeyring } from './session-keyring.ts';

export type SpawnOptions = {
  /** Descriptors of the child from 0 on: a number is handed over, `ignore` is /dev/null, `pipe` a socket pair. */
  stdio: (number | 'ignore' | 'pipe')[];
  env?: Record<string, string>;
  cwd?: string;
  /** Its own session: signals to our process group do not reach it. */
  detached?: boolean;
  /** It runs what is not ours: it must not inherit our keys. */
  freshKeyring?: boolean;
};

export type Spawned = {
  pid: number;
  child: ChildProcess;
  /** Exit code, 128+n for an end by signal n. Rejects never. */
  exited: Promise<{ exitCode: number; signal: NodeJS.Signals | undefined }>;
};

/** Starts a program and resolves once it runs. */
export function spawnProgram(file: string, args: readonly string[], options: SpawnOptions): Promise<Spawned> {
  const { promise, resolve, reject } = Promise.withResolvers<Spawned>();
  if (options.freshKeyring) joinFreshKeyring();
  const child = spawn(file, args as string[], {
    cwd: options.cwd ?? '/',
    env: { ...baseEnvironment, ...options.env },
    stdio: options.stdio,
    detached: options.detached ?? false,
  });
  const exited = new Promise<Awaited<Spawned['exited']>>((done) => {
    child.once('exit', (code, signal) => done({ exitCode: code ?? 128, signal: signal ?? undefined }));
  });
  child.once('error', (cause: NodeJS.ErrnoException) => {
    const help = cause.code === 'ENOENT' ? { help: `install the program ${file}, then see: gast doctor` } : {};
    reject(new HostError(`cannot run ${file}: ${cause.message}`, { cause, ...help }));
  });
  child.once('spawn', () => resolve({ pid: child.pid ?? -1, child, exited }));
  return promise;
}
