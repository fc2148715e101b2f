/** Image trees of a pool of directories, and who needs them. */
import { chmod, chown } from 'node:fs/promises';
import type { ImageTrees } from '../core/ports/storage.ts';
import { flushFileSystem } from '../host/fs-space.ts';
import { HostError } from '../lib/host-error.ts';
import { exists, type PoolDirectory } from './pool-directory.ts';

export type HeldImageTrees = ImageTrees & {
  directoryOf(fingerprint: string): string;
  /** Keeps the tree from being removed until disposed. Throws when it is not there. */
  hold(fingerprint: string): Promise<Disposable>;
};

/** `users` names the volumes that stand on a tree. */
export function createImageTrees(
  pool: PoolDirectory,
  users: (fingerprint: string) => Promise<string[]>,
): HeldImageTrees {
  const held = new Map<string, number>();
  const leaving = new Set<string>();
  const directoryOf = (fingerprint: string) => pool.path('images', fingerprint);

  function release(fingerprint: string): void {
    const count = (held.get(fingerprint) ?? 1) - 1;
    if (count > 0) held.set(fingerprint, count);
    else held.delete(fingerprint);
  }

  return {
    directoryOf,
    list: () => pool.names('images'),

    async create(fingerprint, fill, work = {}) {
      const directory = directoryOf(fingerprint);
      if (await exists(directory)) return;
      try {
        await pool.make(directory, work, async (temporary) => {
          await chown(temporary, 0, 0);
          await chmod(temporary, 0o755);
          await fill(temporary);
          work.signal?.throwIfAborted();
          // Else a power failure could leave a whole-looking tree of empty files, for all guests to come.
          await flushFileSystem(temporary);
        });
      } catch (error) {
        // Another call was quicker.
        if (!(error instanceof HostError && error.errno === 'EEXIST')) throw error;
      }
    },

    async remove(fingerprint) {
      if (leaving.has(fingerprint)) throw new HostError(`image ${fingerprint} is being removed already`);
      leaving.add(fingerprint);
      try {
        const volumes = await users(fingerprint);
        if (volumes.length > 0)
          throw new HostError(`image ${fingerprint} is in use by ${volumes.slice(0, 5).join(', ')}`, {
            errno: 'EBUSY',
            help: 'delete these guests and snapshots first',
          });
        // Asked last: between here and the rename nothing else can begin.
        if (held.has(fingerprint)) throw new HostError(`image ${fingerprint} is being used`, { errno: 'EBUSY' });
        await pool.discard(directoryOf(fingerprint));
      } finally {
        leaving.delete(fingerprint);
      }
    },

    async hold(fingerprint) {
      if (leaving.has(fingerprint)) throw new HostError(`image ${fingerprint} is being removed`, { errno: 'EBUSY' });
      held.set(fingerprint, (held.get(fingerprint) ?? 0) + 1);
      if (await exists(directoryOf(fingerprint))) return { [Symbol.dispose]: () => release(fingerprint) };
      release(fingerprint);
      throw new HostError(`image ${fingerprint} has no tree in this pool`, { errno: 'ENOENT' });
    },
  };
}
