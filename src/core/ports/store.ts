/**
 * THE STORE PORT: where documents live.
 *
 * Vocabulary. A *document* is a JSON value under a *key* (`instances/1f0c9d2e`), with the *revision* of the commit that
 * wrote it last. Revisions are whole numbers, one per commit, ever growing, never reused, also across restarts.
 *
 * Laws (test/contract/store.suite.ts holds every implementation to them):
 * - A commit is all or nothing and durable when its promise resolves: power loss afterwards loses nothing.
 * - A commit whose expectation does not hold changes nothing and rejects with `StoreConflict`.
 * - `watch` delivers every commit exactly once, in order, after it is durable, own commits included.
 * - `list` is ordered by key (code units) and sees every resolved commit.
 * - Opening a damaged store fails with a `HostError` that names the file, the damage and the way out. It never opens
 *   empty, older or partly in silence.
 * - Values are plain JSON; what comes out is deeply equal to what went in, and changing it does not change the store.
 */
export type Doc = { key: string; revision: number; value: unknown };

/** Put or delete one document. `expect` is the revision it must have now; 0 means that it must not exist; absent means no check. */
export type Change = { put: string; value: unknown; expect?: number } | { delete: string; expect?: number };

export type Commit = { revision: number; puts: Doc[]; deletes: string[] };

export interface Store extends AsyncDisposable {
  /** Undefined when there is no such document. */
  get(key: string): Promise<Doc | undefined>;
  /** All documents whose key starts with `prefix`. */
  list(prefix: string): Promise<Doc[]>;
  /** Several changes to one key in one commit are a bug of the caller and are refused. */
  commit(changes: readonly Change[]): Promise<Commit>;
  /** Listeners must not throw. */
  watch(listener: (commit: Commit) => void): Disposable;
}

export class StoreConflict extends Error {
  readonly key: string;
  constructor(key: string, expected: number, found: number) {
    super(`the document ${key} was changed meanwhile (expected revision ${expected}, found ${found})`);
    this.name = 'StoreConflict';
    this.key = key;
  }
}
