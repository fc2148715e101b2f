/**
 * Starts the benchmark again inside the laboratory, in a session of its own, so that Ctrl-C does not end the daemons under
 * it. A pipe tells it that we have ended, whatever ended us; it then clears up.
 */
import { spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { join } from 'node:path';

const pipe = 3;
const variable = 'BENCH_PARENT_PIPE';

export async function againInLaboratory(program: string, args: readonly string[]): Promise<number> {
  const child = spawn(join(import.meta.dirname, '../tools/lab'), [process.execPath, program, ...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    env: { ...process.env, [variable]: '1' },
    detached: true,
  });
  const stop = () => {
    process.stderr.write('clearing up ...\n');
    child.stdio[pipe]?.destroy();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/** Aborted when the benchmark has to end early. */
export function interruption(): AbortSignal {
  const control = new AbortController();
  const stop = () => control.abort(new Error('interrupted'));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  if (process.env[variable] === '1') {
    delete process.env[variable];
    // Unreferenced: it must not keep us alive.
    const parent = new Socket({ fd: pipe, readable: true, writable: false }).unref();
    parent.on('close', stop).on('error', stop).resume();
  }
  return control.signal;
}
