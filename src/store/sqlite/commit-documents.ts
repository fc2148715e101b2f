/** One commit: expectations checked, documents and head written in one transaction, durable when it returns. */
import type { DatabaseSync } from 'node:sqlite';
import { StoreConflict } from '../../core/ports/store.ts';
import type { CheckedChange } from '../checked-changes.ts';
import { documentChecksum, type Head, toDigest, writeHead } from './head.ts';

/** Returns the new head; throws `StoreConflict` or what SQLite says, and then nothing is changed. */
export function createCommitter(db: DatabaseSync): (head: Head, changes: readonly CheckedChange[]) => Head {
  const find = db.prepare('SELECT revision, checksum FROM documents WHERE key = ?');
  const remove = db.prepare('DELETE FROM documents WHERE key = ?');
  const put = db.prepare(
    `INSERT INTO documents VALUES (?, ?, ?, ?)
     ON CONFLICT (key) DO UPDATE SET revision = excluded.revision, json = excluded.json, checksum = excluded.checksum`,
  );
  const apply = (head: Head, { key, json, expect }: CheckedChange) => {
    const row = find.get(key);
    const found = Number(row?.revision ?? 0);
    if (expect !== undefined && expect !== found) throw new StoreConflict(key, expect, found);
    if (row) {
      head.documents -= 1;
      head.digest ^= toDigest(String(row.checksum));
    }
    if (json === undefined) return void remove.run(key);
    const checksum = documentChecksum(key, head.revision, json);
    put.run(key, head.revision, json, checksum);
    head.documents += 1;
    head.digest ^= toDigest(checksum);
  };
  return (head, changes) => {
    const next = { ...head, revision: head.revision + 1 };
    db.exec('BEGIN IMMEDIATE');
    try {
      for (const change of changes) apply(next, change);
      writeHead(db, next);
      db.exec('COMMIT');
    } catch (error) {
      // SQLite has rolled back by itself after some errors, a full disk among them.
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
    return next;
  };
}
