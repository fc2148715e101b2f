/**
 * Restoring a state from a backup, or accepting a sound but older state as it is (backup = the state file itself).
 * What was there is kept beside it. Revisions go on above all that were ever given out.
 */
import { renameSync, rmSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { lockFile } from '../../host/file-lock.ts';
import { HostError } from '../../lib/host-error.ts';
import { makeEmpty, renameDurably, syncPath } from './durable-files.ts';
import { type Head, writeHead } from './head.ts';
import { readMark, writeMark } from './revision-mark.ts';
import { inspectStateFile, openStateFile, type StateSummary } from './state-file.ts';
import { stateFileNames } from './state-file-names.ts';

export type Restored = {
  revision: number;
  documents: number /** Where the files that were there are now. */;
  kept: string[];
};

/** Throws `HostError` when a daemon runs on the state or the backup is not sound; nothing is changed then. */
export function restoreSqliteStore(path: string, backup: string, options: { now?: Date } = {}): Restored {
  const names = stateFileNames(path);
  using _lock = lockFile(names.lock);
  const withoutWal = resolve(backup) !== resolve(path);
  const summary = checkedBackup(backup, withoutWal);
  const revision = Math.max(summary.revision, readMark(names.mark)?.revision ?? 0) + 1;
  const { schemaVersion: _version, ...head } = { ...summary, revision };
  copyState(backup, names.unfinishedState, { withoutWal, head });
  const suffix = `.replaced-${(options.now ?? new Date()).toISOString().replace(/[:.]/g, '-')}`;
  // Looking at a state leaves an empty log behind.
  const kept = [names.state, names.wal].filter((file) => statSync(file, { throwIfNoEntry: false })?.size);
  // Under the name of the state the log stays readable together with it.
  for (const file of kept) renameSync(file, file.replace(path, `${path}${suffix}`));
  rmSync(names.sharedMemory, { force: true });
  renameDurably(names.unfinishedState, path);
  writeMark(names.mark, head);
  return { revision, documents: head.documents, kept: kept.map((file) => file.replace(path, `${path}${suffix}`)) };
}

function checkedBackup(backup: string, withoutWal: boolean): StateSummary {
  try {
    return inspectStateFile(backup, { withoutWal });
  } catch (cause) {
    throw new HostError(`cannot restore from ${backup}: it ${(cause as Error).message}; nothing was changed`, {
      cause,
      help: 'choose another backup',
    });
  }
}

/** Copies through SQLite, so that a write-ahead log is taken along and the copy is one whole file. */
function copyState(from: string, to: string, options: { withoutWal: boolean; head: Head }): void {
  makeEmpty(to);
  {
    using source = openStateFile(from, { withoutWal: options.withoutWal });
    source.prepare('VACUUM INTO ?').run(to);
  }
  {
    using copy = new DatabaseSync(to);
    copy.exec('PRAGMA synchronous = FULL');
    writeHead(copy, options.head);
  }
  syncPath(to);
  syncPath(dirname(to));
}
