/** The store port on one SQLite file. Reading and committing block the event loop, for tenths of a millisecond. */
import type { DatabaseSync } from 'node:sqlite';
import { type Doc, type Store, StoreConflict } from '../../core/ports/store.ts';
import { lockFile } from '../../host/file-lock.ts';
import { HostError } from '../../lib/host-error.ts';
import { checkedChanges, readCommit } from '../checked-changes.ts';
import { createCommitWatchers } from '../commit-watchers.ts';
import { isBackupDue, makeBackup } from './backups.ts';
import { createCommitter } from './commit-documents.ts';
import { openState } from './open-state.ts';
import { openMark } from './revision-mark.ts';
import { currentVersion, migrate } from './schema.ts';
import { stateFileNames } from './state-file-names.ts';

export type SqliteStoreOptions = {
  /** Decides only when a backup is due. @default Date.now */
  nowMs?: () => number;
  /** The store works on, but a backup could not be made. @default a process warning */
  onWarning?: (warning: HostError) => void;
};

/** Throws `HostError` on a damaged, older, foreign or newer state, and when another daemon has it open. */
export async function openSqliteStore(path: string, options: SqliteStoreOptions = {}): Promise<Store> {
  await using stack = new AsyncDisposableStack();
  const names = stateFileNames(path);
  stack.use(lockState(path));
  const { db, head: openedHead, schemaVersion } = openState(path);
  stack.defer(() => db.close());
  if (schemaVersion < currentVersion) {
    await makeBackup(db, path);
    migrate(db, schemaVersion);
  }
  const mark = stack.use(openMark(names.mark, openedHead.storeId));
  const backups = dailyBackups(db, path, options);
  stack.defer(() => backups.finish());
  const commitDocuments = createCommitter(db);
  const watchers = createCommitWatchers();
  let head = openedHead;
  let markedRevision = openedHead.revision;
  let uncertain: unknown;
  const advanceMark = () => {
    if (markedRevision === head.revision) return;
    mark.advance(head.revision);
    markedRevision = head.revision;
  };
  // The state is sound: what an earlier life committed without marking it counts from now on.
  mark.advance(head.revision);
  if (head.documents > 0) await backups.whenDue(head.revision);

  const owned = stack.move();
  let open = true;
  const checkOpen = () => {
    if (!open) throw new Error('the store is closed');
  };
  return {
    async get(key) {
      checkOpen();
      const row = db.prepare('SELECT key, revision, json FROM documents WHERE key = ?').get(key);
      return row && toDoc(row);
    },
    async list(prefix) {
      checkOpen();
      return listDocuments(db, prefix);
    },
    async commit(changes) {
      checkOpen();
      const checked = checkedChanges(changes);
      if (uncertain) throw failed(path, 'an earlier commit ended without certainty; restart the daemon', uncertain);
      try {
        advanceMark();
        head = commitDocuments(head, checked);
      } catch (error) {
        if (error instanceof StoreConflict) throw error;
        // After a failed sync nobody knows what the disk holds; only reading it anew tells.
        if ((error as { errcode?: number }).errcode === ioErrorSync) uncertain = error;
        throw failed(path, 'the commit was refused, nothing is changed', error);
      }
      const { revision } = head;
      try {
        advanceMark();
      } catch {
        // The commit itself is durable. The next one tries again before it writes and is refused if that fails.
      }
      watchers.deliver(() => readCommit(revision, checked));
      void backups.whenDue(revision);
      return readCommit(revision, checked);
    },
    watch: (listener) => watchers.add(listener),
    async [Symbol.asyncDispose]() {
      open = false;
      await owned.disposeAsync();
    },
  };
}

const ioErrorSync = 1034;

function lockState(path: string): Disposable {
  const { lock } = stateFileNames(path);
  try {
    return lockFile(lock);
  } catch (cause) {
    if (!(cause instanceof HostError) || cause.errno !== 'EWOULDBLOCK')
      throw new HostError(`cannot open the state file ${path}: ${(cause as Error).message}`, {
        cause,
        help: 'the directory of the state file must exist and be writable for the daemon',
      });
    throw new HostError(`the state file ${path} is in use: ${cause.message}`, {
      cause,
      errno: 'EWOULDBLOCK',
      help: 'end the other gasthofd first, or choose another GASTHOF_DIR',
    });
  }
}

/** One backup at a time, at most once a day. */
function dailyBackups(db: DatabaseSync, path: string, options: SqliteStoreOptions) {
  const nowMs = options.nowMs ?? Date.now;
  const warn = options.onWarning ?? ((warning) => process.emitWarning(warning));
  let running: Promise<void> | undefined;
  let checkAgainMs = 0;
  const make = async () => {
    try {
      await makeBackup(db, path);
    } catch (cause) {
      warn(new HostError(`no backup of the state file ${path}: ${(cause as Error).message}`, { cause }));
    }
    running = undefined;
  };
  return {
    /** Cheap when it is not: looks at the files only once an hour. */
    async whenDue(revision: number): Promise<void> {
      if (running || nowMs() < checkAgainMs) return running;
      checkAgainMs = nowMs() + 60 * 60 * 1000;
      if (!isBackupDue(path, nowMs(), revision)) return;
      running = make();
      return running;
    },
    finish: async () => running,
  };
}

function listDocuments(db: DatabaseSync, prefix: string): Doc[] {
  const rows = db
    .prepare('SELECT key, revision, json FROM documents WHERE key >= ? AND key < ? ORDER BY key')
    .all(prefix, `${prefix}\u{10ffff}`);
  const docs = rows.map(toDoc);
  // SQLite orders by UTF-8 bytes; that differs from code units beyond U+FFFF only.
  return docs.sort((a, b) => (a.key < b.key ? -1 : 1));
}

function toDoc(row: Record<string, unknown>): Doc {
  return { key: String(row.key), revision: Number(row.revision), value: JSON.parse(String(row.json)) as unknown };
}

function failed(path: string, what: string, cause: unknown): HostError {
  const full = (cause as { errcode?: number }).errcode === 13;
  const errno = full ? 'ENOSPC' : (cause as NodeJS.ErrnoException).code;
  return new HostError(`${what}: the state file ${path}: ${(cause as Error).message}`, {
    cause,
    ...(errno ? { errno } : {}),
    ...(full ? { help: 'free some space on that file system, then try again' } : {}),
  });
}
