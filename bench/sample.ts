/** Timing: samples of one thing, told as minimum, median and maximum in milliseconds. */
import { spawn } from 'node:child_process';

export type Samples = number[];

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

export const median = (samples: Samples): number => sorted(samples)[samples.length >> 1] ?? Number.NaN;
const sorted = (samples: Samples) => [...samples].sort((a, b) => a - b);

export function told(samples: Samples): string {
  const all = sorted(samples);
  const show = (value: number | undefined) =>
    value === undefined ? '-' : value.toFixed(value < 1 ? 2 : value < 100 ? 1 : 0);
  return `${show(median(all))} (${show(all[0])}-${show(all.at(-1))})`;
}

/** Median of the ratios pair by pair, so that a slow moment of the machine hits both sides. */
export const ratio = (a: Samples, b: Samples): number =>
  median(a.map((value, index) => value / (b[index] ?? Number.NaN)));

/** Runs a program with its output thrown away; throws on a wrong exit code. */
export function runQuietly(
  file: string,
  args: readonly string[],
  { env = {}, stream = 'ignore' }: { env?: Record<string, string>; stream?: number | 'ignore' } = {},
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: [stream, stream, 'pipe'] });
  let text = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  child.once('error', reject);
  child.once('exit', (code) =>
    code === 0 ? resolve() : reject(new Error(`${file} ${args.join(' ')}: ${code}: ${text}`)),
  );
  return promise;
}
