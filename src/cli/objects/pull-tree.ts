/**
 * Copies files and directories of a guest to this computer. The guest is not trusted: names that lead elsewhere are refused,
 * and nothing is written through a link that is already here.
 */
import { createWriteStream } from 'node:fs';
import { lstat, mkdir, rm, stat, symlink } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import type { Task } from '../output/progress.ts';
import { formatBytes } from '../output/units.ts';
import { entriesOf, type GuestPath, readGuestFile } from './guest-files.ts';

export type Pull = { context: Context; task: Task; recursive: boolean; receivedBytes: number };

export async function pullTarget(sources: readonly string[], target: string) {
  const isDirectory = await stat(target).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isDirectory && (sources.length > 1 || target.endsWith('/'))) {
    throw new CliError(`${target} is no directory`, { help: `mkdir -p ${target}` });
  }
  return (source: GuestPath) => (isDirectory ? join(target, basename(source.path) || source.instance) : target);
}

export async function pullPath(pull: Pull, source: GuestPath, target: string): Promise<void> {
  const { meta, answer } = await readGuestFile(pull.context, source);
  if (meta.kind === 'directory') return pullDirectory(pull, source, await entriesOf(answer), target, meta.mode);
  await makeFree(target);
  if (meta.kind === 'symlink') {
    const parts: Buffer[] = [];
    for await (const part of answer) parts.push(part as Buffer);
    return symlink(Buffer.concat(parts).toString(), target);
  }
  count(pull, source, answer);
  await pipeline(answer, createWriteStream(target, { flags: 'wx', mode: meta.mode & 0o777 }));
}

export async function pullToStream(pull: Pull, source: GuestPath, target: NodeJS.WritableStream): Promise<void> {
  const { meta, answer } = await readGuestFile(pull.context, source);
  if (meta.kind !== 'file') {
    answer.resume();
    throw new CliError(`${source.path} is a ${meta.kind}: only the content of a file can go to stdout`);
  }
  await pipeline(answer, target, { end: false });
}

async function pullDirectory(pull: Pull, source: GuestPath, entries: readonly string[], target: string, mode: number) {
  if (!pull.recursive)
    throw new CliError(`${source.path} is a directory`, { help: 'add -r to copy it with all that is in it' });
  const there = await lstat(target).catch(() => undefined);
  if (there && !there.isDirectory())
    throw new CliError(`${target} is in the way: it is no directory`, { help: `rm ${target}` });
  if (!there) await mkdir(target, { mode: (mode & 0o777) | 0o700 });
  for (const name of entries) {
    if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name)) {
      throw new CliError(`The guest gave a name that no file has: ${JSON.stringify(name)}`);
    }
    await pullPath(pull, { ...source, path: join(source.path, name) }, join(target, name));
  }
}

/** A file or link that is there is replaced, never written through. */
async function makeFree(target: string): Promise<void> {
  const there = await lstat(target).catch(() => undefined);
  if (there?.isDirectory()) throw new CliError(`${target} is in the way: it is a directory`);
  if (there) await rm(target);
}

function count(pull: Pull, source: GuestPath, answer: IncomingMessage): void {
  answer.on('data', (chunk: Buffer) => {
    pull.receivedBytes += chunk.length;
    pull.task.update({ text: `${basename(source.path)}, ${formatBytes(pull.receivedBytes)}` });
  });
}
