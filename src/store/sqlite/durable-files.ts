/** Renames, removals and small writes that survive power loss. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export function syncPath(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

export function renameDurably(from: string, to: string): void {
  renameSync(from, to);
  syncPath(dirname(to));
}

/** Writes aside and renames: the file has the old content or the new, never a part. */
export function replaceDurably(path: string, content: Uint8Array): void {
  const aside = `${path}.new`;
  makeEmpty(aside);
  const descriptor = openSync(aside, 'r+');
  try {
    writeSync(descriptor, content);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameDurably(aside, path);
}

/** An empty file that only its owner may read; SQLite would make it readable for everybody. */
export function makeEmpty(path: string): void {
  rmSync(path, { force: true });
  closeSync(openSync(path, 'wx', 0o600));
}
