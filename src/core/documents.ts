/**
 * The documents of the house in memory: every read is answered from here, every change is a commit to the store first.
 * Memory follows the store's commits, so it is never ahead of what is durable.
 */
import type { Change, Commit, Doc, Store } from './ports/store.ts';

export interface Documents {
  get<T>(key: string): T | undefined;
  /** All documents below a folder (ends in /), in the order in which they came. Values must not be changed in place. */
  list<T>(folder: string): T[];
  revision(key: string): number;
  /** Another number after each change of a document directly in this folder; for what is made from them and kept. */
  version(folder: string): number;
  commit(changes: readonly Change[]): Promise<void>;
  put(key: string, value: unknown): Promise<void>;
  delete(key: string): Promise<void>;
  /** Called after each commit that touches a key below `prefix`. */
  watch(prefix: string, listener: () => void): Disposable;
  close(): Promise<void>;
}

export async function openDocuments(store: Store): Promise<Documents> {
  // By folder (`snapshots/1f0c9d2e/`), so that the few of one instance are found among the many of all.
  const folders = new Map<string, Map<string, Doc>>();
  const versions = new Map<string, number>();
  let changes = 0;
  const folderOf = (key: string) => key.slice(0, key.lastIndexOf('/') + 1);
  const put = (doc: Doc) => {
    const name = folderOf(doc.key);
    const folder = folders.get(name) ?? new Map<string, Doc>();
    const known = folder.get(doc.key);
    if (!known || known.revision < doc.revision) folder.set(doc.key, doc);
    folders.set(name, folder);
    changes += 1;
    versions.set(name, changes);
  };
  const remove = (key: string) => {
    const name = folderOf(key);
    const folder = folders.get(name);
    if (!folder?.delete(key)) return;
    if (folder.size === 0) folders.delete(name);
    changes += 1;
    versions.set(name, changes);
  };
  const apply = (commit: Commit) => {
    for (const doc of commit.puts) put(doc);
    for (const key of commit.deletes) remove(key);
  };
  const watching = store.watch(apply);
  for (const doc of await store.list('')) put(doc);

  const find = (key: string) => folders.get(folderOf(key))?.get(key);
  const commit = async (changes: readonly Change[]) => {
    await store.commit(changes);
  };
  const valuesIn = <T>(folder: ReadonlyMap<string, Doc> | undefined) =>
    Array.from(folder?.values() ?? [], (doc) => doc.value as T);
  return {
    get: <T>(key: string) => find(key)?.value as T | undefined,
    list: <T>(folder: string) => {
      // Keys are two or three words deep: a folder either has documents in it, or is the first word of deeper ones.
      const own = folders.get(folder);
      if (own || folder.indexOf('/') < folder.length - 1) return valuesIn<T>(own);
      return [...folders].flatMap(([name, docs]) => (name.startsWith(folder) ? valuesIn<T>(docs) : []));
    },
    revision: (key) => find(key)?.revision ?? 0,
    version: (folder) => versions.get(folder) ?? 0,
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
