/** Writes what the server sends to files, which appear when they are whole; `-` is standard output. */

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
  using _ = showReceived(context, answer, { label, sizeBytes: Number(answer.headers['content-length'] ?? 0) });
  await writeAside([target], ([partial = '']) => pipeline(answer, createWriteStream(partial)));
}

/** How much has come, until disposal. */
export function showReceived(
  context: Context,
  answer: IncomingMessage,
  { label, sizeBytes }: { label: string; sizeBytes: number },
): Disposable {
  const task = context.task(label);
  let received = 0;
  answer.on('data', (chunk: Buffer) => {
    received += chunk.length;
    task.update({ text: formatBytes(received), fraction: sizeBytes > 0 ? received / sizeBytes : undefined });
  });
  return task;
}

/** The files appear under their names when all of them are whole. */
export async function writeAside(
  targets: readonly string[],
  write: (partials: string[]) => Promise<void>,
): Promise<void> {
  const partials = targets.map((target) => `${target}.part`);
  try {
    await write(partials);
    for (const [index, target] of targets.entries()) await rename(partials[index] ?? target, target);
  } catch (error) {
    for (const partial of partials) await rm(partial, { force: true });
    throw new CliError(`Cannot write ${targets.join(' and ')}: ${(error as Error).message}`);
  }
}
