/**
 * The operation journal as one file of lines, written without waiting for the disk: the page cache outlives the daemon.
 * A line is an operation, or the id of one to be forgotten; the last word counts. A torn last line is skipped.
 */
import { closeSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import type { JournalEntry, OperationJournal } from '../core/ports/operation-journal.ts';

type Line = { put: JournalEntry } | { drop: string };

/** Rewritten with what still counts when it has grown by so much. */
const rewriteBytes = 256 * 1024;

export function openOperationJournal(path: string): OperationJournal & Disposable {
  const entries = read(path);
  const earlier = [...entries.values()];
  let descriptor = rewrite(path, entries);
  let writtenBytes = 0;
  const append = (line: Line) => {
    writtenBytes += writeSync(descriptor, `${JSON.stringify(line)}\n`);
    if (writtenBytes < rewriteBytes) return;
    closeSync(descriptor);
    descriptor = rewrite(path, entries);
    writtenBytes = 0;
  };
  return {
    earlier,
    put(entry) {
      entries.set(entry.view.id, entry);
      append({ put: entry });
    },
    drop(id) {
      if (entries.delete(id)) append({ drop: id });
    },
    [Symbol.dispose]: () => closeSync(descriptor),
  };
}

function read(path: string): Map<string, JournalEntry> {
  const entries = new Map<string, JournalEntry>();
  for (const text of lines(path)) {
    try {
      const line = JSON.parse(text) as Line;
      if ('put' in line) entries.set(line.put.view.id, line.put);
      else entries.delete(line.drop);
    } catch {
      // Cut off by the end of the daemon, or damaged: the others are still of use.
    }
  }
  return entries;
}

function lines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}

/** Opened before it gets its name, so that no line goes to a file that is about to be replaced. */
function rewrite(path: string, entries: ReadonlyMap<string, JournalEntry>): number {
  const fresh = `${path}.new`;
  const text = [...entries.values()].map((put) => `${JSON.stringify({ put })}\n`).join('');
  writeFileSync(fresh, text, { mode: 0o600 });
  const descriptor = openSync(fresh, 'a', 0o600);
  renameSync(fresh, path);
  return descriptor;
}
