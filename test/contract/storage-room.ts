/** What the laws of storage are tried with: a driver under test, its pool, and ways to look into volumes. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IdRange } from '../../src/core/ports/id-range.ts';
import type { Pool, PoolConfig, StorageDriver } from '../../src/core/ports/storage.ts';
import { stateOf } from './file-state.ts';

export type StorageUnderTest = {
  driver: StorageDriver;
  config: PoolConfig;
  /** Where the pool lies. */
  directory: string;
  /** A place for mount targets. */
  scratch: string;
  /** Mounts are real: they shift ids and can be read-only, and files have any owner. */
  realMounts: boolean;
  /** Volumes need their image's tree for as long as they live. */
  sharedTrees: boolean;
} & AsyncDisposable;

export const range: IdRange = { base: 1_000_000, size: 65_536 };

export type Law = (title: string, body: (room: Room) => Promise<void>) => void;
export type Room = ReturnType<typeof createRoom>;

export function createRoom(under: StorageUnderTest, pool: Pool) {
  const base = under.realMounts ? range.base : 0;
  /** Shows a volume to `look` while it is mounted. */
  async function seen<T>(
    id: string,
    look: (root: string) => T,
    options: { range?: IdRange; snapshot?: string; readOnly?: boolean } = { range },
  ): Promise<T> {
    const target = mkdtempSync(join(under.scratch, 'target-'));
    await pool.volumes.mount(id, target, options);
    try {
      return look(target);
    } finally {
      await pool.volumes.unmount(target);
      rmSync(target, { recursive: true, force: true });
    }
  }
  /** What the guest would see: owners as inside. */
  const state = (id: string, snapshot?: string) =>
    seen(id, (root) => stateOf(root, base), { range, ...(snapshot ? { snapshot } : {}) });
  const write = (id: string, file: string, text: string) => seen(id, (root) => writeFileSync(join(root, file), text));
  const read = (id: string, file: string, snapshot?: string) =>
    seen(id, (root) => readFileSync(join(root, file), 'utf8'), { range, ...(snapshot ? { snapshot } : {}) });
  return { under, pool, volumes: pool.volumes, images: pool.images, base, seen, state, write, read };
}
