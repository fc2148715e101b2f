/**
 * The head: one row that says what the whole state file holds, kept redundantly, so that a lost, doubled or older
 * row is noticed: SQLite itself has no page checksums. The digest is the XOR of the checksums of all documents.
 */
import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';

export type Head = { storeId: string; revision: number; documents: number; digest: bigint };

export const emptyHead = (storeId: string): Head => ({ storeId, revision: 0, documents: 0, digest: 0n });

/** 16 hexadecimal characters over key, revision and text of a document. */
export function documentChecksum(key: string, revision: number, json: string): string {
  return createHash('sha256').update(`${key}\0${revision}\0${json}`).digest('hex').slice(0, 16);
}

export const toDigest = (checksum: string): bigint => BigInt(`0x${checksum}`);

export function writeHead(db: DatabaseSync, head: Head): void {
  const digest = head.digest.toString(16).padStart(16, '0');
  db.prepare('INSERT OR REPLACE INTO head VALUES (1, ?, ?, ?, ?, ?)').run(
    head.storeId,
    head.revision,
    head.documents,
    digest,
    headChecksum(head.storeId, head.revision, head.documents, digest),
  );
}

/** Undefined when the row is missing or does not match its checksum. */
export function readHead(db: DatabaseSync): Head | undefined {
  const row = db.prepare('SELECT store_id, revision, documents, digest, checksum FROM head').get();
  if (!row) return undefined;
  const [storeId, revision, documents] = [String(row.store_id), Number(row.revision), Number(row.documents)];
  const digest = String(row.digest);
  if (row.checksum !== headChecksum(storeId, revision, documents, digest)) return undefined;
  return { storeId, revision, documents, digest: toDigest(digest) };
}

function headChecksum(storeId: string, revision: number, documents: number, digest: string): string {
  return documentChecksum(storeId, revision, `${documents} ${digest}`);
}
