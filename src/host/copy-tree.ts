/**
 * Copying a directory tree with everything that a root file system may hold: owners, modes, times, links, devices
 * (whiteouts of overlayfs are such), holes, extended attributes with capabilities and ACLs.
 */
import { chmod, chown, lchown, lstat, mkdir, readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { call } from './libc.ts';
import { ownNamespaces } from './own-namespaces.ts';
import { run } from './run.ts';

const dayMs = 24 * 60 * 60 * 1000;

const llistxattr = call<[string, null, number]>('long llistxattr(const char *path, void *list, size_t size)');

/** Copies the directory `from` to the new name `to`, sharing blocks where the file system can. */
export async function copyTree(from: string, to: string, options: { signal?: AbortSignal } = {}): Promise<void> {
  options.signal?.throwIfAborted();
  if (await isBareDirectory(from)) {
    // A guest that never ran: a program's start would cost more than all the rest.
    await mkdir(to);
    return copyDirectoryAttributes(from, to);
  }
  // xattr is named because `-a` alone would lose attributes silently.
  const what = ['-dR', '--preserve=mode,ownership,timestamps,links,xattr', '--reflink=auto', '--no-target-directory'];
  await run('cp', [...what, '--', from, to], { timeoutMs: dayMs, ...options });
}

/** Copies a file with its holes, sharing blocks where the file system can. */
export async function copySparseFile(from: string, to: string, options: { signal?: AbortSignal } = {}): Promise<void> {
  const what = ['--preserve=mode,timestamps', '--sparse=auto', '--reflink=auto', '--no-target-directory'];
  await run('cp', [...what, '--', from, to], { timeoutMs: dayMs, ...options });
}

/** Gives the directory `to` owner, mode and times of `from` (not its extended attributes). */
export async function copyDirectoryAttributes(from: string, to: string): Promise<void> {
  const status = await lstat(from);
  await chown(to, status.uid, status.gid);
  await chmod(to, status.mode & 0o7777);
  await utimes(to, status.atime, status.mtime);
}

/** Gives some files that the daemon made to root, whose they are in an archive. Root's daemon owns nothing else. */
export async function giveToRoot(directory: string): Promise<void> {
  if (!ownNamespaces()) return;
  const names = await readdir(directory, { recursive: true });
  for (const name of ['.', ...names]) await lchown(join(directory, name), 0, 0);
}

async function isBareDirectory(directory: string): Promise<boolean> {
  return (await readdir(directory)).length === 0 && llistxattr(directory, null, 0) === 0;
}
