/**
 * A storage driver for tests of the whole API: needs no root, keeps everything in a temporary directory, and "mounts" by
 * a symbolic link in place of the target. It shifts no ids and refuses no write; all else is the dir driver's own code.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, rmdir, symlink, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StorageDriver } from '../../src/core/ports/storage.ts';
import { dirFormat } from '../../src/storage/dir/dir-format.ts';
import { createDirectoryDriver } from '../../src/storage/directory-driver.ts';
import type { VolumeFormat } from '../../src/storage/volume-format.ts';

export function createMemoryStorageDriver(): StorageDriver & Disposable {
  const poolsDirectory = mkdtempSync(join(tmpdir(), 'gasthof-memory-pool-'));
  const format: VolumeFormat = {
    ...dirFormat,
    async mount(directory, target) {
      await rmdir(target);
      await symlink(join(directory, 'root'), target);
    },
    async unmount(target) {
      const wasMounted = await unlink(target).then(
        () => true,
        () => false,
      );
      if (wasMounted) await mkdir(target);
    },
  };
  const driver = createDirectoryDriver(
    { name: 'memory', unusable: async () => undefined, format, plain: format },
    { poolsDirectory },
  );
  return { ...driver, [Symbol.dispose]: () => rmSync(poolsDirectory, { recursive: true, force: true }) };
}
