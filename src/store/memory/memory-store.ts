/** The store port in plain memory: for tests and for a daemon that shall forget. */
import { type Doc, type Store, StoreConflict } from '../../core/ports/store.ts';
import { checkedChanges, readCommit } from '../checked-changes.ts';
import { createCommitWatchers } from '../commit-watchers.ts';

type Row = { revision: number; json: string };

export function createMemoryStore(): Store {
  const rows = new Map<string, Row>();
  const watchers = createCommitWatchers();
  let revision = 0;
  let open = true;
  const checkOpen = () => {
    if (!open) throw new Error('the store is closed');
  };
  return {
    async get(key) {
      checkOpen();
      const row = rows.get(key);
      return row && toDoc(key, row);
    },
    async list(prefix) {
      checkOpen();
      const keys = [...rows.keys()].filter((key) => key.startsWith(prefix)).sort();
      return keys.map((key) => toDoc(key, rows.get(key) as Row));
    },
    async commit(changes) {
      checkOpen();
      const checked = checkedChanges(changes);
      for (const { key, expect } of checked) {
        const found = rows.get(key)?.revision ?? 0;
        if (expect !== undefined && expect !== found) throw new StoreConflict(key, expect, found);
      }
      const committed = ++revision;
      for (const { key, json } of checked) {
        if (json === undefined) rows.delete(key);
        else rows.set(key, { revision: committed, json });
      }
      watchers.deliver(() => readCommit(committed, checked));
      return readCommit(committed, checked);
    },
    watch: (listener) => watchers.add(listener),
    async [Symbol.asyncDispose]() {
      open = false;
    },
  };
}

function toDoc(key: string, row: Row): Doc {
  return { key, revision: row.revision, value: JSON.parse(row.json) as unknown };
}
