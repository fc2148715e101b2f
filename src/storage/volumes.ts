/** Volumes and snapshots of a pool of directories, all of one format: guests' are `volumes/ID` and `snapshots/ID/SNAPSHOT`. */
import { mkdir, realpath, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Volumes, Work } from '../core/ports/storage.ts';
import { copyTree } from '../host/copy-tree.ts';
import { createDiskUsage } from '../host/fs-space.ts';
import { exchangeNames } from '../host/rename.ts';
import { HostError } from '../lib/host-error.ts';
import type { HeldImageTrees } from './image-trees.ts';
import { exists, type PoolDirectory } from './pool-directory.ts';
import type { VolumeFormat } from './volume-format.ts';

/** Parts of the pool that volumes and their snapshots lie in. */
export type Places = { volumes: string; snapshots: string };

export function missing(id: string, snapshot?: string): HostError {
  const what = snapshot === undefined ? `volume ${id}` : `snapshot ${snapshot} of volume ${id}`;
  return new HostError(`${what} is not in this pool`, { errno: 'ENOENT' });
}

export function createVolumes(
  pool: PoolDirectory,
  images: HeldImageTrees,
  format: VolumeFormat,
  parts: Places = { volumes: 'volumes', snapshots: 'snapshots' },
): Volumes {
  const usage = createDiskUsage();
  const place = (id: string, snapshot?: string) =>
    snapshot === undefined ? pool.path(parts.volumes, id) : pool.path(parts.snapshots, id, snapshot);

  async function existing(id: string, snapshot?: string): Promise<string> {
    const directory = place(id, snapshot);
    if (await exists(directory)) return directory;
    throw missing(id, snapshot);
  }

  /** Duplicates into a temporary directory that `use` puts in its place. */
  async function duplicate(from: string, work: Work, use: (temporary: string) => Promise<void>): Promise<void> {
    const fingerprint = await format.standsOn(from);
    using _image = fingerprint === undefined ? undefined : await images.hold(fingerprint);
    await pool.grow(work, async (temporary) => {
      await format.duplicate(from, temporary, work);
      work.signal?.throwIfAborted();
      await use(temporary);
    });
  }

  /** Gives what grew the name of a new snapshot. */
  async function settleSnapshot(temporary: string, id: string, snapshot: string): Promise<void> {
    const final = place(id, snapshot);
    await mkdir(pool.path(parts.snapshots, id), { recursive: true, mode: 0o700 });
    pool.settle(temporary, final);
  }

  return {
    list: () => pool.names(parts.volumes),

    async createFromImage(id, fingerprint, work = {}) {
      using _image = await images.hold(fingerprint);
      const image = { fingerprint, directory: images.directoryOf(fingerprint) };
      await pool.make(place(id), work, (temporary) => format.fill(temporary, image, work));
    },

    async createEmpty(id, work = {}) {
      await pool.make(place(id), work, (temporary) => format.fill(temporary, undefined, work));
    },

    async copy(from, to, work = {}) {
      const source = await existing(from.id, from.snapshot);
      await duplicate(source, work, async (temporary) => pool.settle(temporary, place(to)));
    },

    async create({ id, snapshot }, fill, work = {}) {
      place(id, snapshot);
      await pool.grow(work, async (temporary) => {
        await format.fill(temporary, undefined, work);
        await fill(join(temporary, format.content));
        work.signal?.throwIfAborted();
        if (snapshot === undefined) pool.settle(temporary, place(id));
        else await settleSnapshot(temporary, id, snapshot);
      });
    },

    async copyFrom(path, at, work = {}) {
      // Copying makes the directory anew, with owner and mode of the source; a path may lead over symbolic links.
      const copy = async (root: string) => {
        await rmdir(root);
        await copyTree(await realpath(path), root, work);
      };
      await this.create(at, copy, work);
    },

    async replace(id, by) {
      exchangeNames(await existing(by), await existing(id));
      // What has that name now is the old state.
      await this.remove(by);
    },

    async remove(id) {
      // The volume first: snapshots without a volume are invisible, and swept after a crash between the two.
      await pool.discard(place(id));
      await pool.discard(pool.path(parts.snapshots, id));
    },

    snapshots: async (id) => ((await exists(place(id))) ? pool.names(parts.snapshots, id) : []),

    async snapshot(id, snapshot, work = {}) {
      const source = await existing(id);
      await duplicate(source, work, (temporary) => settleSnapshot(temporary, id, snapshot));
    },

    async copySnapshot(from, to, work = {}) {
      const source = await existing(from.id, from.snapshot);
      await duplicate(source, work, (temporary) => settleSnapshot(temporary, to.id, to.snapshot));
    },

    async restore(id, snapshot, work = {}) {
      const volume = await existing(id);
      // The old state goes away with the temporary name.
      await duplicate(await existing(id, snapshot), work, async (temporary) => exchangeNames(temporary, volume));
    },

    async removeSnapshot(id, snapshot) {
      await pool.discard(place(id, snapshot));
      // Succeeds only for the last one.
      await rmdir(pool.path(parts.snapshots, id)).catch(() => {});
    },

    async mount(id, target, { range, snapshot, readOnly }) {
      const directory = await existing(id, snapshot);
      await mkdir(target, { recursive: true, mode: 0o700 });
      await format.mount(directory, target, {
        range,
        readOnly: readOnly === true || snapshot !== undefined,
        treeOf: images.directoryOf,
      });
    },

    async unmount(target) {
      await format.unmount(target);
      // Only an empty directory goes: one that still has a mount, or never was ours, stays.
      await rmdir(target).catch(() => {});
    },

    async usage(id, snapshot, { recent = false } = {}) {
      if (recent) return usage(`${place(id, snapshot)}/${format.content}`, true);
      return usage(`${await existing(id, snapshot)}/${format.content}`);
    },
  };
}
