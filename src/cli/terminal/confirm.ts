/** Asks a yes-or-no question; without a terminal the answer is no. */
import type { Context } from '../context.ts';

export async function confirm({ streams }: Context, question: string): Promise<boolean> {
  if (!streams.stdin.isTTY) return false;
  streams.stderr.write(`${question} [y/N] `);
  const { promise, resolve } = Promise.withResolvers<string>();
  streams.stdin.once('data', (chunk: Buffer) => resolve(chunk.toString()));
  streams.stdin.resume();
  const answer = await promise;
  streams.stdin.pause();
  return /^\s*(y|yes|j|ja)\s*$/i.test(answer);
}
