/** Memory of virtual machines in a pool: `memories/ID/SNAPSHOT`, and `memories/ID/self`, which no snapshot is called. */
import { constants } from 'node:fs';
import { copyFile, link, lstat, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Disks } from '../core/ports/disks.ts';
import type { MachineMemories } from '../core/ports/machine-memories.ts';
import type { VolumeState } from '../core/ports/storage.ts';
import { flush } from './disks/durable.ts';
import { absentIs, exists, type PoolDirectory } from './pool-directory.ts';

export type SweptMemories = MachineMemories & { sweep(disks: Pick<Disks, 'list' | 'snapshots'>): Promise<string[]> };

const self = 'self';
const sectorBytes = 512;

export function createMachineMemories(pool: PoolDirectory): SweptMemories {
  const folder = (id: string) => pool.path('memories', id);
  const file = ({ id, snapshot = self }: VolumeState) => pool.path('memories', id, snapshot);
  const find = async (at: VolumeState) => ((await exists(file(at))) ? file(at) : undefined);

  /** By one rename, which replaces what was there. */
  async function settle(temporary: string, at: VolumeState): Promise<void> {
    await mkdir(folder(at.id), { recursive: true, mode: 0o700 });
    await rename(temporary, file(at));
    await flush(folder(at.id));
  }

  const create: MachineMemories['create'] = (at, fill, work = {}) =>
    pool.grow(work, async (temporary) => {
      const path = join(temporary, 'memory');
      await fill(path);
      work.signal?.throwIfAborted();
      await flush(path);
      await settle(path, at);
    });

  return {
    create,
    find,
    async link(from, to) {
      const source = await find(from);
      if (source === undefined) return this.remove(to);
      await pool.grow({}, async (temporary) => {
        const path = join(temporary, 'memory');
        await link(source, path);
        await settle(path, to);
      });
    },
    async copyFrom(other, from, to, work) {
      const source = await other.find(from);
      if (source === undefined) return this.remove(to);
      await create(to, (path) => copyFile(source, path, constants.COPYFILE_FICLONE), work);
    },
    remove: (at) => pool.discard(file(at)),
    removeAll: (id) => pool.discard(folder(id)),
    bytes: (at) => absentIs(0, async () => (await lstat(file(at))).blocks * sectorBytes),
    async list() {
      const ids = await pool.names('memories');
      const own = await Promise.all(ids.map((id) => exists(file({ id }))));
      return ids.filter((_, index) => own[index]);
    },
    async sweep(disks) {
      const cleared: string[] = [];
      for (const id of await pool.names('memories')) {
        const names = await pool.names('memories', id);
        // Asked afterwards: what is made meanwhile has its disk or snapshot in these lists.
        const isThere = (await disks.list()).includes(id);
        const known = [self, ...(await disks.snapshots(id))];
        const orphans = isThere ? names.filter((name) => !known.includes(name)).map((name) => [id, name]) : [[id]];
        for (const orphan of orphans) await pool.discard(pool.path('memories', ...orphan));
        cleared.push(...orphans.map((orphan) => `memories/${orphan.join('/')}`));
      }
      return cleared;
    },
  };
}
