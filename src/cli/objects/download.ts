/** Writes what the server sends to a file, which appears when it is whole; `-` is standard output. */

import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { formatBytes } from '../output/units.ts';

export async function saveDownload(
  context: Context,
  answer: IncomingMessage,
  target: string,
  label: string,
): Promise<void> {
  if (target === '-') return pipeline(answer, context.streams.stdout, { end: false });
  using task = context.task(label);
  const total = Number(answer.headers['content-length'] ?? 0);
  let received = 0;
  answer.on('data', (chunk: Buffer) => {
    received += chunk.length;
    task.update({ text: formatBytes(received), fraction: total > 0 ? received / total : undefined });
  });
  const partial = `${target}.part`;
  try {
    await pipeline(answer, createWriteStream(partial));
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { force: true });
    throw new CliError(`Cannot write ${target}: ${(error as Error).message}`);
  }
}
