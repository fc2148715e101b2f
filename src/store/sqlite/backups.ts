/**
 * Backups of the state file: three, newest first, made from the open and checked state at most once a day.
 * A backup takes its name only after it was read back and found good.
 */
import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { backup, type DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { makeEmpty, renameDurably, syncPath } from './durable-files.ts';
import { inspectStateFile, type StateSummary } from './state-file.ts';
import { stateFileNames } from './state-file-names.ts';

const dayMs = 24 * 60 * 60 * 1000;

export type FoundBackup = { path: string; writtenAt: Date; summary: StateSummary };

/** Newest first; damaged ones are left out. */
export function goodBackups(path: string): FoundBackup[] {
  return stateFileNames(path).backups.flatMap((candidate) => {
    try {
      const summary = inspectStateFile(candidate, { withoutWal: true });
      return [{ path: candidate, writtenAt: statSync(candidate).mtime, summary }];
    } catch {
      return [];
    }
  });
}

/** A day has passed and the state has changed since. */
export function isBackupDue(path: string, nowMs: number, revision: number): boolean {
  const [newest = ''] = stateFileNames(path).backups;
  const writtenMs = statSync(newest, { throwIfNoEntry: false })?.mtimeMs;
  // A time in the future (the clock was set back) must not hold off backups for years.
  if (writtenMs === undefined) return true;
  if (Math.abs(nowMs - writtenMs) < dayMs) return false;
  return goodBackups(path)[0]?.summary.revision !== revision;
}

/** Commits may go on meanwhile; the backup holds a state between its begin and its end. */
export async function makeBackup(db: DatabaseSync, path: string): Promise<void> {
  const { unfinishedBackup, backups } = stateFileNames(path);
  try {
    makeEmpty(unfinishedBackup);
    await copyPages(db, unfinishedBackup);
    inspectStateFile(unfinishedBackup, { withoutWal: true });
    syncPath(unfinishedBackup);
  } catch (error) {
    rmSync(unfinishedBackup, { force: true });
    throw error;
  }
  for (let index = backups.length - 1; index > 0; index--) {
    const [newer, older] = [backups[index - 1] ?? '', backups[index] ?? ''];
    if (existsSync(newer)) renameSync(newer, older);
  }
  syncPath(dirname(path));
  renameDurably(unfinishedBackup, backups[0] ?? '');
}

const attempts = 100;

/** Node gives up where the first of its steps meets a commit, with the code 0 ("not an error"); it waits at the later ones. */
async function copyPages(db: DatabaseSync, target: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1)
    try {
      await backup(db, target);
      return;
    } catch (error) {
      if (attempt === attempts || (error as { errcode?: number }).errcode !== 0) throw error;
      await delay(attempt);
    }
}
