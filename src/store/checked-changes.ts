/** What every store demands of a commit before it touches anything: sound keys, one change per key, plain JSON. */
import type { Change, Commit } from '../core/ports/store.ts';

/** `json` is absent for a delete. */
export type CheckedChange = { key: string; json: string | undefined; expect: number | undefined };

const longestKey = 512;

/** Throws a TypeError: what it finds is a bug of the caller. */
export function checkedChanges(changes: readonly Change[]): CheckedChange[] {
  const keys = new Set<string>();
  return changes.map((change) => {
    const key = 'put' in change ? change.put : change.delete;
    checkKey(key);
    if (keys.has(key)) throw new TypeError(`several changes to the document ${key} in one commit`);
    keys.add(key);
    const json = 'put' in change ? plainJson(key, change.value) : undefined;
    return { key, json, expect: change.expect };
  });
}

function checkKey(key: string): void {
  // U+10FFFF (no character) marks the end of a prefix range in SQLite; NUL would end a key early there.
  const sound = key.length > 0 && key.length <= longestKey && key.isWellFormed() && !/[\0\u{10ffff}]/u.test(key);
  if (!sound) throw new TypeError(`not a document key: ${JSON.stringify(key).slice(0, 80)}`);
}

/** Members that are undefined are left out, as JSON does; everything else that JSON would change or drop is refused. */
function plainJson(key: string, value: unknown): string {
  const json = JSON.stringify(value, function (this: unknown, member: string) {
    // `this` holds the original; the value argument has gone through toJSON already.
    const original = (this as Record<string, unknown>)[member];
    if (!isPlain(original) || (original === undefined && Array.isArray(this)))
      throw new TypeError(`the document ${key} holds what is not JSON at ${JSON.stringify(member)}`);
    return original;
  });
  if (json === undefined) throw new TypeError(`the document ${key} has no value`);
  return json;
}

function isPlain(value: unknown): boolean {
  if (value === null || value === undefined) return true;
  if (typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object') return false;
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** What listeners and the caller get: a fresh copy of what the commit wrote. */
export function readCommit(revision: number, changes: readonly CheckedChange[]): Commit {
  const commit: Commit = { revision, puts: [], deletes: [] };
  for (const { key, json } of changes) {
    if (json === undefined) commit.deletes.push(key);
    else commit.puts.push({ key, revision, value: JSON.parse(json) as unknown });
  }
  return commit;
}
