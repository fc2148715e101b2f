/** Opening the database behind the store: make it when there never was one, check it, or refuse with a report. */
import { randomUUID } from 'node:crypto';
import { existsSync, lstatSync, rmSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { damageReport } from './damage-report.ts';
import { makeEmpty, renameDurably, syncPath } from './durable-files.ts';
import { emptyHead, type Head, writeHead } from './head.ts';
import { readMark, writeMark } from './revision-mark.ts';
import { migrate } from './schema.ts';
import { inspectStateFile, StateDamage, type StateSummary } from './state-file.ts';
import { stateFileNames } from './state-file-names.ts';

/** The caller holds the lock. */
export function openState(path: string): { db: DatabaseSync; head: Head; schemaVersion: number } {
  const names = stateFileNames(path);
  if (!isThere(path)) {
    const trace = [names.mark, names.wal, ...names.backups].find((file) => existsSync(file));
    if (trace) throw damageReport(path, `is missing, though ${trace} shows that there was one`);
    createStateFile(path);
  }
  const summary = inspected(path);
  checkMark(path, summary);
  // Left by the read-only look; the connection to come keeps its index of the log in its own memory.
  rmSync(names.sharedMemory, { force: true });
  const db = new DatabaseSync(path, { timeout: 250 });
  try {
    // Exclusive before WAL: no shared memory file, and no other program writes into a state that is in use.
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    db.exec('PRAGMA journal_size_limit = 4194304; PRAGMA trusted_schema = OFF');
  } catch (error) {
    db.close();
    throw error;
  }
  const { schemaVersion, ...head } = summary;
  return { db, head, schemaVersion };
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Reading past an absent log needs no shared memory file, so that a daemon comes up on a full disk. */
function hasLog(path: string): boolean {
  const { wal } = stateFileNames(path);
  return (statSync(wal, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

function inspected(path: string): StateSummary {
  try {
    try {
      return inspectStateFile(path, { withoutWal: !hasLog(path) });
    } catch (error) {
      if (!(error instanceof StateDamage) || error.kind !== 'unreachable') throw error;
      return inspectStateFile(path, { withoutSharedMemory: true });
    }
  } catch (cause) {
    if (cause instanceof StateDamage) throw damageReport(path, cause.message, { cause });
    throw cause;
  }
}

/** The state takes its name only when it is whole, so that an empty or half-made file is always damage. */
function createStateFile(path: string): void {
  const { unfinishedState } = stateFileNames(path);
  makeEmpty(unfinishedState);
  {
    using db = new DatabaseSync(unfinishedState);
    db.exec('PRAGMA synchronous = FULL');
    migrate(db, 0);
    writeHead(db, emptyHead(randomUUID()));
  }
  syncPath(unfinishedState);
  renameDurably(unfinishedState, path);
}

function checkMark(path: string, summary: StateSummary): void {
  const { mark } = stateFileNames(path);
  const expected = readMark(mark);
  if (!expected) {
    // The daemon may have ended between making the state and making its mark.
    if (summary.revision > 0)
      throw damageReport(path, `cannot be trusted to be the newest: ${mark} is missing or damaged`, {
        acceptable: true,
      });
    writeMark(mark, summary);
    return;
  }
  if (expected.storeId !== summary.storeId)
    throw damageReport(path, `is the state of another Gasthof (${mark} names ${expected.storeId})`, {
      acceptable: true,
    });
  if (expected.revision > summary.revision) {
    const finding = `is older than it was: it holds revision ${summary.revision}, ${mark} says ${expected.revision}`;
    throw damageReport(path, `${finding} (an old copy, or its file ${path}-wal was lost or damaged)`, {
      acceptable: true,
    });
  }
}
