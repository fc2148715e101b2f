/** Runs a short program of this host for the user: of systemd, or one of our own that starts the user's daemon. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CliError } from '../cli-error.ts';

export type Finished = { code: number; stdout: string; stderr: string };
type Environment = Readonly<Record<string, string | undefined>>;

/** Code 127: there is no such program; 124: it took too long and was killed. */
export function runProgram(
  file: string,
  args: readonly string[],
  { env, timeoutMs }: { env: Environment; timeoutMs: number },
): Promise<Finished> {
  const { promise, resolve } = Promise.withResolvers<Finished>();
  const child = spawn(file, args, {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  const parts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      parts[name] += text;
    });
  child.once('error', (error) => resolve({ code: 127, stdout: '', stderr: error.message }));
  child.once('close', (code) => resolve({ code: code ?? 124, ...parts }));
  return promise;
}

/** A file of this installation: `bin`, `libexec` and `packaging` lie beside the sources or the bundle. */
export function installed(path: string): string {
  for (let directory = dirname(process.argv[1] ?? '/'); ; directory = dirname(directory)) {
    const found = join(directory, path);
    if (existsSync(found)) return found;
    if (directory === '/') throw new CliError(`${path} is missing from this installation`);
  }
}
