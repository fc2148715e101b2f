/**
 * The backups port on plain files: DIRECTORY/ID is a kept backup; what is being made or received lies in a folder of its
 * own with a leading dot, and appears by one rename.
 */
import { createReadStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ArchiveLimits, defaultLimits } from '../archives/check-members.ts';
import { compressionOf } from '../archives/distrust.ts';
import { freeBytes, storeStream } from '../archives/store-stream.ts';
import { createWorkFolders, namesIn } from '../archives/work-folders.ts';
import { type BackupFiles, BackupRefused } from '../core/ports/backups.ts';
import { backupArchive } from './backup-archive.ts';
import { compressions, packBackup, sizeOf } from './pack.ts';
import { packDisks } from './pack-disks.ts';
import { readIndex } from './read-index.ts';
import { unpackBackup } from './unpack.ts';
import { unpackDisks } from './unpack-disks.ts';

export type BackupFilesOptions = { directory: string; limits?: Partial<ArchiveLimits> };

const noHash = { update: () => noHash as never };

export function createBackupFiles({ directory, limits }: BackupFilesOptions): BackupFiles {
  const folders = createWorkFolders(directory);
  const pathOf = (id: string) => join(directory, checked(id));

  async function make(id: string, pack: (folder: string) => Promise<string>, signal: AbortSignal | undefined) {
    const final = pathOf(id);
    await using work = await folders.create();
    const path = await pack(work.path);
    signal?.throwIfAborted();
    await rename(path, final);
    return { sizeBytes: await sizeOf(final) };
  }

  return {
    compressions,

    create: (id, content, options) => make(id, (folder) => packBackup(folder, content, options), options.signal),
    createOfDisks: (id, content, options) => make(id, (folder) => packDisks(folder, content, options), options.signal),

    async open(id) {
      const path = pathOf(id);
      const status = await stat(path).catch((error: NodeJS.ErrnoException) => {
        throw error.code === 'ENOENT' ? new BackupRefused('not-found', `backup ${id} has no file here`) : error;
      });
      return {
        sizeBytes: status.size,
        modifiedAt: status.mtime,
        open: () => createReadStream(path, { highWaterMark: 1024 * 1024 }),
      };
    },

    list: async () => (await namesIn(directory)).filter((name) => !name.startsWith('.')).sort(),
    remove: (id) => rm(pathOf(id), { force: true }),

    async receive(stream, { progress, signal }) {
      // A sender may fail before its stream is read; reading it then tells the error, nobody else must.
      stream.on('error', () => {});
      await using parts = new AsyncDisposableStack();
      const work = parts.use(await folders.create());
      const path = join(work.path, 'upload');
      const onBytes = progress ? { onBytes: progress } : {};
      const sizeBytes = await storeStream(stream, path, noHash, backupArchive, { ...onBytes, signal, passing: true });
      const compression = await compressionOf(path, backupArchive);
      const bounds = { ...defaultLimits, ...limits };
      const index = await readIndex({ path, compression, limits: bounds }, signal);
      const kept = parts.move();
      return {
        sizeBytes,
        index,
        async unpack(place, visit, options) {
          const room = Math.min(bounds.storedBytes, await freeBytes(directory));
          return unpackBackup({ path, compression, limits: { ...bounds, storedBytes: room } }, place, visit, options);
        },
        unpackDisks: (visit, options) => unpackDisks({ path, compression, limits: bounds }, visit, options),
        [Symbol.asyncDispose]: () => kept.disposeAsync(),
      };
    },

    sweep: () => folders.sweep(),
  };
}

function checked(id: string): string {
  if (/^[0-9a-z][0-9a-z-]{0,80}$/.test(id)) return id;
  throw new BackupRefused('not-found', `${JSON.stringify(id.slice(0, 80))} is not the id of a backup`);
}
