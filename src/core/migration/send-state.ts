/**
 * How instances and volumes are sent alike: what is written to goes as it was at one moment, by a snapshot without a document
 * that is taken for it; what stands still is sent from its queue and stays so until it has gone.
 */
import type { House } from '../house.ts';
import type { Task } from '../operations/registry.ts';
import type { MigrationSource } from '../ports/migration.ts';
import { createProgress } from './progress.ts';
import { type OtherOperation, openSockets } from './sockets.ts';

export type Sending<Doc extends { name: string }> = {
  id: string;
  /** The document as it is now. */
  current(): Doc;
  /** The snapshot taken of what is being written to; undefined: it stands still. */
  take(doc: Doc): Promise<string | undefined>;
  drop(doc: Doc, taken: string): Promise<void>;
  source(doc: Doc, taken: string | undefined): MigrationSource | Promise<MigrationSource>;
};

export async function sendState<Doc extends { name: string }>(
  house: Pick<House, 'queue' | 'remotes' | 'migration' | 'clock'>,
  sending: Sending<Doc>,
  other: OtherOperation | undefined,
  task: Task,
): Promise<void> {
  const sockets = await openSockets(house, other, task);
  const send = async (doc: Doc, taken: string | undefined) => {
    const onProgress = createProgress(house.clock, doc.name, task.setMetadata);
    return house.migration.send(sockets, await sending.source(doc, taken), { signal: task.signal, onProgress });
  };
  try {
    const taken = await house.queue(sending.id, async () => {
      const doc = sending.current();
      const passing = await sending.take(doc);
      if (passing === undefined) await send(doc, undefined);
      return passing;
    });
    if (taken === undefined) return;
    const doc = sending.current();
    try {
      await send(doc, taken);
    } finally {
      await sending.drop(doc, taken);
    }
  } finally {
    sockets.control.close();
    sockets.fs.close();
  }
}
