/** The migration port over rsync: the parts put together. */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Migration } from '../core/ports/migration.ts';
import { cleanReceived } from '../host/clean-received.ts';
import { createTreeRemover } from '../host/remove-trees.ts';
import { rsyncKnowsZstd, startRsyncReceiver, startRsyncSender } from '../host/rsync.ts';
import { unshiftTree } from '../host/unshift-tree.ts';
import { patientTimes, type Times } from './link.ts';
import { sendMigration } from './source.ts';
import { receiveMigration } from './target.ts';
import { createTransfer, framePrefix, type TransferNeeds } from './transfer.ts';

/** Guests own 65536 ids. */
const largestId = 65_535;

export type MigrationParts = Omit<TransferNeeds, 'directory' | 'times'> & Times;

/** `directory` holds what is needed for the time of a transfer. */
export function createMigration(directory: string, parts: Partial<MigrationParts> = {}): Migration {
  const transfer = createTransfer({
    directory,
    knowsZstd: rsyncKnowsZstd,
    startSender: startRsyncSender,
    startReceiver: startRsyncReceiver,
    async clean(rootfs, shift, signal) {
      if (shift > 0) await unshiftTree(rootfs, { base: shift, size: largestId + 1 }, signal);
      await cleanReceived(rootfs, largestId, signal);
    },
    ...parts,
    times: { ...patientTimes, ...parts },
  });
  return {
    send: (sockets, source, options) => sendMigration(transfer, sockets, source, options),
    receive: (sockets, target, options) => receiveMigration(transfer, sockets, target, options),
    async sweep() {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const left = (await readdir(directory)).filter((name) => name.startsWith(framePrefix));
      await createTreeRemover().remove(left.map((name) => join(directory, name)));
      return left;
    },
  };
}
