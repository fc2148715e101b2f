/** Copies files and directories of this computer into a guest. */
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import type { Task } from '../output/progress.ts';
import { formatBytes } from '../output/units.ts';
import { type GuestPath, kindOf, type Owner, writeGuestFile } from './guest-files.ts';

export type PushOptions = { recursive: boolean; createDirs: boolean; owner: Owner };
export type Push = { context: Context; task: Task; options: PushOptions; sentBytes: number };

/** Where a source goes: into an existing or named directory, or under the given name. */
export async function pushTarget(context: Context, sources: readonly string[], target: GuestPath) {
  const asDirectory =
    target.path.endsWith('/') || sources.length > 1 || (await kindOf(context, target)) === 'directory';
  return (source: string): GuestPath => {
    if (!asDirectory) return target;
    if (source === '-')
      throw new CliError('What comes from stdin needs a name', { help: `${target.instance}${target.path}NAME` });
    return { ...target, path: join(target.path, basename(source)) };
  };
}

/** The directories above it, when asked for; existing ones stay as they are. */
export async function createParents({ context, options }: Push, { instance, path }: GuestPath): Promise<void> {
  if (!options.createDirs) return;
  const missing: string[] = [];
  for (let at = dirname(path); at !== '/' && at !== '.'; at = dirname(at)) {
    if ((await kindOf(context, { instance, path: at })) !== undefined) break;
    missing.unshift(at);
  }
  const { uid, gid } = options.owner;
  for (const at of missing) {
    await writeGuestFile(
      context,
      { instance, path: at },
      { kind: 'directory', owner: { uid: uid ?? 0, gid: gid ?? 0, mode: 0o755 } },
    );
  }
}

export async function pushPath(push: Push, source: string, target: GuestPath): Promise<void> {
  const { context, options } = push;
  if (source === '-') {
    const content = context.streams.stdin;
    return writeGuestFile(context, target, {
      kind: 'file',
      content,
      owner: { uid: 0, gid: 0, mode: 0o644, ...given(options.owner) },
    });
  }
  const stat = await lstat(source).catch((error: NodeJS.ErrnoException) => {
    throw new CliError(`Cannot read ${source}: ${error.code === 'ENOENT' ? 'there is no such file' : error.message}`);
  });
  const owner = { uid: stat.uid, gid: stat.gid, mode: stat.mode & 0o7777, ...given(options.owner) };
  if (stat.isDirectory()) return pushDirectory(push, source, target, owner);
  if (stat.isSymbolicLink() && options.recursive) {
    return writeGuestFile(context, target, { kind: 'symlink', content: Buffer.from(await readlink(source)), owner });
  }
  if (!stat.isFile() && !stat.isSymbolicLink()) return context.say(`${source} is no file, directory or link: left out`);
  const content = createReadStream(source);
  content.on('data', (chunk) => {
    push.sentBytes += chunk.length;
    push.task.update({ text: `${basename(source)}, ${formatBytes(push.sentBytes)}` });
  });
  await writeGuestFile(context, target, { kind: 'file', content, owner });
}

async function pushDirectory(push: Push, source: string, target: GuestPath, owner: Owner): Promise<void> {
  if (!push.options.recursive)
    throw new CliError(`${source} is a directory`, { help: 'add -r to copy it with all that is in it' });
  const mode = (owner.mode ?? 0o755) | (push.options.owner.mode === undefined ? 0 : 0o111);
  await writeGuestFile(push.context, target, { kind: 'directory', owner: { ...owner, mode } });
  for (const name of await readdir(source)) {
    await pushPath(push, join(source, name), { ...target, path: join(target.path, name) });
  }
}

const given = (owner: Owner): Owner =>
  Object.fromEntries(Object.entries(owner).filter(([, value]) => value !== undefined));
