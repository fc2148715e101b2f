/** Looking at a state file without changing it: the full check that is made before any use. */
import { type Stats, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { documentChecksum, type Head, readHead, toDigest } from './head.ts';
import { applicationId, currentVersion, migrate, schemaText } from './schema.ts';

/** What is wrong with the file, as a half sentence that follows its name. */
export class StateDamage extends Error {
  readonly kind: 'damaged' | 'newer' | 'foreign' | 'unreachable';
  constructor(kind: StateDamage['kind'], finding: string, cause?: unknown) {
    super(finding, { cause });
    this.name = 'StateDamage';
    this.kind = kind;
  }
}

/** Codes of SQLite: not a database. */
const noDatabase = 26;

/** The file may be sound, but cannot be opened (14) or there is no room for the index of the log (13, 4618, 4874, 5386). */
const surroundings = new Set([13, 14, 4618, 4874, 5386]);

export type StateSummary = Head & { schemaVersion: number };

export type LookOptions = {
  /** There is no log beside the file, or it shall not count. */
  withoutWal?: boolean;
  /** For a full disk: needs no shared memory file, but closing moves the log into the file. */
  withoutSharedMemory?: boolean;
};

/** Opens read-only: such a connection does not move the write-ahead log into the file when it closes. */
export function openStateFile(path: string, options: LookOptions = {}): DatabaseSync {
  const url = pathToFileURL(path);
  if (options.withoutWal) url.searchParams.set('immutable', '1');
  const db = new DatabaseSync(url, { readOnly: !options.withoutSharedMemory });
  if (options.withoutSharedMemory) db.exec('PRAGMA locking_mode = EXCLUSIVE');
  return db;
}

/** Throws `StateDamage`. `withoutWal` is for files that nobody writes and that have no log: backups and copies. */
export function inspectStateFile(path: string, options: LookOptions = {}): StateSummary {
  checkFile(path);
  try {
    using db = openStateFile(path, options);
    return inspect(db);
  } catch (error) {
    if (error instanceof StateDamage) throw error;
    const text = error instanceof Error ? error.message : String(error);
    const { errcode = 0 } = error as { errcode?: number };
    if (surroundings.has(errcode)) throw new StateDamage('unreachable', `cannot be opened now (${text})`, error);
    if (errcode === noDatabase)
      throw new StateDamage('foreign', 'is no state file (it does not begin like a database)', error);
    throw new StateDamage('damaged', `cannot be read (${text})`, error);
  }
}

function checkFile(path: string): void {
  let found: Stats;
  try {
    found = statSync(path);
  } catch (error) {
    throw new StateDamage('damaged', `cannot be opened (${(error as Error).message})`, error);
  }
  if (!found.isFile()) throw new StateDamage('foreign', 'is not a regular file');
  if (found.size === 0) throw new StateDamage('damaged', 'is empty (0 bytes)');
}

function inspect(db: DatabaseSync): StateSummary {
  const application = Number(db.prepare('PRAGMA application_id').get()?.application_id);
  if (application !== applicationId) throw new StateDamage('foreign', 'is a database of another program');
  const schemaVersion = Number(db.prepare('PRAGMA user_version').get()?.user_version);
  if (schemaVersion > currentVersion) {
    const finding = `was written by a newer Gasthof (schema ${schemaVersion}, this one knows up to ${currentVersion})`;
    throw new StateDamage('newer', finding);
  }
  if (schemaVersion < 1) throw new StateDamage('damaged', `has the impossible schema version ${schemaVersion}`);
  const faults = db
    .prepare('PRAGMA integrity_check(3)')
    .all()
    .map((row) => String(row.integrity_check));
  if (faults[0] !== 'ok') throw new StateDamage('damaged', `is damaged: ${faults.join('; ').slice(0, 300)}`);
  if (schemaVersion === currentVersion && schemaText(db) !== expectedSchema())
    throw new StateDamage('damaged', 'is damaged: its tables are not those of a state file');
  const head = readHead(db);
  if (!head) throw new StateDamage('damaged', 'is damaged: its head does not match its checksum');
  checkDocuments(db, head);
  return { ...head, schemaVersion };
}

function checkDocuments(db: DatabaseSync, head: Head): void {
  const wrong: string[] = [];
  let [documents, digest] = [0, 0n];
  for (const row of db.prepare('SELECT key, revision, json, checksum FROM documents').iterate()) {
    const [key, revision] = [String(row.key), Number(row.revision)];
    const checksum = documentChecksum(key, revision, String(row.json));
    if (checksum !== row.checksum || revision > head.revision) wrong.push(key);
    documents += 1;
    digest ^= toDigest(checksum);
  }
  if (wrong.length > 0) {
    const names = wrong.slice(0, 5).join(', ') + (wrong.length > 5 ? ', …' : '');
    throw new StateDamage('damaged', `is damaged: ${wrong.length} of ${documents} documents are changed: ${names}`);
  }
  if (documents !== head.documents || digest !== head.digest)
    throw new StateDamage('damaged', `is damaged: it should hold ${head.documents} documents, ${documents} are there`);
}

function expectedSchema(): string {
  using db = new DatabaseSync(':memory:');
  migrate(db, 0);
  return schemaText(db);
}
