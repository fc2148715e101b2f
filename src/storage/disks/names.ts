/**
 * Names of layers, each a symbolic link: `disks/images/FINGERPRINT`, `disks/volumes/ID`, `disks/snapshots/ID/SNAPSHOT`. A
 * link is made, replaced and removed at once, and lies in the journal of the file system with its directory.
 */
import { mkdir, readlink, rename, symlink } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { HostError } from '../../lib/host-error.ts';
import { absentIs, exists, type PoolDirectory } from '../pool-directory.ts';
import { missing } from '../volumes.ts';
import { flush, pointLink } from './durable.ts';

export type Name = { image: string } | { id: string; snapshot?: string | undefined };
export type Named = { name: Name; layer: string };
export type Names = ReturnType<typeof createNames>;

export const isOf = (name: Name, id: string): boolean => 'id' in name && name.id === id;

export function createNames(pool: PoolDirectory) {
  const layersDirectory = pool.path('disks', 'layers');

  function path(name: Name): string {
    if ('image' in name) return pool.path('disks', 'images', name.image);
    if (name.snapshot === undefined) return pool.path('disks', 'volumes', name.id);
    return pool.path('disks', 'snapshots', name.id, name.snapshot);
  }

  const read = async (name: Name): Promise<string | undefined> => {
    const target = await absentIs(undefined, () => readlink(path(name)));
    return target === undefined ? undefined : basename(target);
  };
  const targetOf = (name: Name, layer: string) => relative(dirname(path(name)), join(layersDirectory, layer));

  return {
    path,
    has: (name: Name): Promise<boolean> => exists(path(name)),

    async layerOf(name: Name): Promise<string> {
      const layer = await read(name);
      if (layer !== undefined) return layer;
      if ('image' in name) throw new HostError(`image ${name.image} has no disk in this pool`, { errno: 'ENOENT' });
      throw missing(name.id, name.snapshot);
    },

    /** Gives a layer a new name. */
    settle: (name: Name, layer: string) =>
      pool.grow({}, async (temporary) => {
        const final = path(name);
        if (isSnapshot(name)) await mkdir(dirname(final), { recursive: true, mode: 0o700 });
        const link = join(temporary, 'link');
        await symlink(targetOf(name, layer), link);
        pool.settle(link, final);
        await flush(dirname(final));
      }),

    /** A name that is there means another layer from now on. */
    point: (name: Name, layer: string) =>
      pool.grow({}, (temporary) => pointLink(path(name), targetOf(name, layer), join(temporary, 'link'))),

    /** `by` is gone then; whoever looks finds the one or the other state. */
    async replace(id: string, by: string): Promise<void> {
      await rename(path({ id: by }), path({ id }));
      await flush(dirname(path({ id })));
    },

    remove: (name: Name) => pool.discard(path(name)),
    removeSnapshots: (id: string) => pool.discard(pool.path('disks', 'snapshots', id)),

    images: () => pool.names('disks', 'images'),
    volumes: () => pool.names('disks', 'volumes'),
    snapshots: (id: string) => pool.names('disks', 'snapshots', id),
    /** Ids that have snapshots, with or without a volume. */
    withSnapshots: () => pool.names('disks', 'snapshots'),

    /** All names, also snapshots of volumes that are not there yet. What goes away meanwhile is left out. */
    async all(): Promise<Named[]> {
      const [images, volumes, ids] = await Promise.all([this.images(), this.volumes(), this.withSnapshots()]);
      const snapshots = await Promise.all(
        ids.map(async (id) => (await this.snapshots(id)).map((snapshot) => ({ id, snapshot }))),
      );
      const names: Name[] = [
        ...images.map((image) => ({ image })),
        ...volumes.map((id) => ({ id })),
        ...snapshots.flat(),
      ];
      const found = await Promise.all(names.map(async (name) => ({ name, layer: await read(name) })));
      return found.flatMap(({ name, layer }) => (layer === undefined ? [] : [{ name, layer }]));
    },
  };
}

const isSnapshot = (name: Name): boolean => 'id' in name && name.snapshot !== undefined;
