/**
 * The documents of the house in memory: every read is answered from here, every change is a commit to the store first.
 * Memory follows the store's commits, so it is never ahead of what is durable.
 */
import type { Change, Commit, Doc, Store } from './ports/store.ts';

export interface Documents {
  get<T>(key: string): T | undefined;
  /** Documents below a prefix, ordered by key. Values must not be changed in place. */
  list<T>(prefix: string): T[];
  revision(key: string): number;
  commit(changes: readonly Change[]): Promise<void>;
  put(key: string, value: unknown): Promise<void>;
  delete(key: string): Promise<void>;
  /** Called after each commit that touches a key below `prefix`. */
  watch(prefix: string, listener: () => void): Disposable;
  close(): Promise<void>;
}

export async function openDocuments(store: Store): Promise<Documents> {
  const byKind = new Map<string, Map<string, Doc>>();
  const kindOf = (key: string) => key.slice(0, key.indexOf('/') + 1);
  const kind = (name: string) => {
    const known = byKind.get(name);
    if (known) return known;
    const fresh = new Map<string, Doc>();
    byKind.set(name, fresh);
    return fresh;
  };
  const apply = (commit: Commit) => {
    for (const doc of commit.puts) {
      const known = kind(kindOf(doc.key)).get(doc.key);
      if (!known || known.revision < doc.revision) kind(kindOf(doc.key)).set(doc.key, doc);
    }
    for (const key of commit.deletes) kind(kindOf(key)).delete(key);
  };
  const watching = store.watch(apply);
  for (const doc of await store.list('')) kind(kindOf(doc.key)).set(doc.key, doc);

  const find = (key: string) => byKind.get(kindOf(key))?.get(key);
  const commit = async (changes: readonly Change[]) => {
    await store.commit(changes);
  };
  return {
    get: <T>(key: string) => find(key)?.value as T | undefined,
    list: <T>(prefix: string) => {
      const found: T[] = [];
      for (const [key, doc] of byKind.get(kindOf(prefix)) ?? []) if (key.startsWith(prefix)) found.push(doc.value as T);
      return found;
    },
    revision: (key) => find(key)?.revision ?? 0,
    commit,
    put: (key, value) => commit([{ put: key, value }]),
    delete: (key) => commit([{ delete: key }]),
    watch: (prefix, listener) =>
      store.watch(({ puts, deletes }) => {
        if (puts.some((doc) => doc.key.startsWith(prefix)) || deletes.some((key) => key.startsWith(prefix))) listener();
      }),
    async close() {
      watching[Symbol.dispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}
