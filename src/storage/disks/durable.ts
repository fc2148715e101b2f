/** Writing so that a power failure finds either the old state or the new one. */
import { open, rename, symlink } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Brings a file, or the names in a directory, to the disk. */
export async function flush(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes or replaces a symbolic link at once; `temporary` is a free name in the same file system. */
export async function pointLink(path: string, target: string, temporary: string): Promise<void> {
  await symlink(target, temporary);
  await rename(temporary, path);
  await flush(dirname(path));
}
