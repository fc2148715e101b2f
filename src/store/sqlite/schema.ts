/**
 * The tables of a state file and how older files become current.
 * `application_id` marks the file as ours, `user_version` is the schema version.
 */
import type { DatabaseSync } from 'node:sqlite';

/** "Gast" in ASCII. */
export const applicationId = 0x47617374;

/** Row n brings a file from version n to version n + 1. Rows are never changed once released. */
const migrations: readonly string[] = [
  `CREATE TABLE documents (
    key TEXT PRIMARY KEY,
    revision INTEGER NOT NULL,
    json TEXT NOT NULL,
    checksum TEXT NOT NULL
  ) STRICT;
  CREATE TABLE head (
    row INTEGER PRIMARY KEY CHECK (row = 1),
    store_id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    documents INTEGER NOT NULL,
    digest TEXT NOT NULL,
    checksum TEXT NOT NULL
  ) STRICT;`,
];

export const currentVersion = migrations.length;

/** The text of all tables as this version writes them; a state file must hold exactly this. */
export function schemaText(db: DatabaseSync): string {
  const rows = db.prepare('SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name').all();
  return rows.map((row) => String(row.sql).replace(/\s+/g, ' ')).join(';');
}

/** Brings an open database to the current version, in one transaction. */
export function migrate(db: DatabaseSync, fromVersion: number): void {
  if (fromVersion === currentVersion) return;
  db.exec('BEGIN IMMEDIATE');
  for (const step of migrations.slice(fromVersion)) db.exec(step);
  db.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${currentVersion}; COMMIT`);
}
