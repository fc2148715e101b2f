/**
 * THE OPERATION JOURNAL: remembers operations across lives of the daemon, so that a client can ask a restarted daemon how
 * its operation ended. It has to survive the death of the process, not of the host: writing must not wait for the disk.
 */
import type { Operation } from '../../api/resources/operations.ts';

export type JournalEntry = { project: string; view: Operation };

export interface OperationJournal {
  /** What the daemon's last life left, in the order in which it began. */
  readonly earlier: readonly JournalEntry[];
  /** Notes an operation as it is now. */
  put(entry: JournalEntry): void;
  drop(id: string): void;
}

/** Remembers nothing: for houses whose state is in memory. */
export const noJournal: OperationJournal = { earlier: [], put() {}, drop() {} };
