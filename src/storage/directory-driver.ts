/** Makes a storage driver of a volume format: everything that drivers on plain directories have in common. */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Pool, PoolConfig, StorageDriver } from '../core/ports/storage.ts';
import { fileSystemSpace } from '../host/fs-space.ts';
import { ownNamespaces } from '../host/own-namespaces.ts';
import { HostError } from '../lib/host-error.ts';
import { createCustomVolumes } from './custom-volumes.ts';
import { createDisks } from './disks/disks.ts';
import { createImageTrees } from './image-trees.ts';
import { createMachineFiles } from './machine-files.ts';
import { createMachineMemories } from './machine-memories.ts';
import { destroyPoolDirectory, openPoolDirectory, type PoolDirectory } from './pool-directory.ts';
import type { VolumeFormat } from './volume-format.ts';
import { createVolumes } from './volumes.ts';

export type DirectoryDriverOptions = {
  /** Pools without a `source` lie here, under their names. */
  poolsDirectory: string;
};

export type DirectoryDriver = Pick<StorageDriver, 'name' | 'unusable'> & {
  version?: string;
  format: VolumeFormat;
  /** Shows a plain directory `root`, which is what custom volumes are. */
  plain: Pick<VolumeFormat, 'mount' | 'unmount'>;
};

export function createDirectoryDriver(driver: DirectoryDriver, options: DirectoryDriverOptions): StorageDriver {
  const directoryOf = (pool: PoolConfig) => resolve(pool.config.source || join(options.poolsDirectory, pool.name));
  return {
    name: driver.name,
    version: driver.version ?? '1',
    keys: [{ key: 'source', doc: 'Directory of the pool; empty or new. Default: below the state directory.' }],
    unusable: driver.unusable,
    location: directoryOf,

    async open(config) {
      const directory = await openPoolDirectory(directoryOf(config), driver.name);
      await tryOut(directory, driver.format);
      return openPool(directory, driver);
    },

    destroy: (config) => destroyPoolDirectory(directoryOf(config), driver.name),
  };
}

function openPool(directory: PoolDirectory, { format, plain }: DirectoryDriver): Pool {
  const users = async (fingerprint: string) => {
    const [volumes, snapshots] = await Promise.all([directory.names('volumes'), directory.names('snapshots')]);
    const places = volumes.map((id) => ['volumes', id]);
    for (const id of snapshots)
      for (const snapshot of await directory.names('snapshots', id)) places.push(['snapshots', id, snapshot]);
    const found = await Promise.all(places.map((place) => format.standsOn(directory.path(...place))));
    return places.filter((_, index) => found[index] === fingerprint).map((place) => place.slice(1).join('/'));
  };
  const images = createImageTrees(directory, users);
  const volumes = createVolumes(directory, images, format);
  const disks = createDisks(directory);
  const memories = createMachineMemories(directory);
  const machineFiles = createMachineFiles(directory);
  return {
    images,
    volumes,
    custom: createCustomVolumes(directory, images, plain),
    disks,
    memories,
    machineFiles,
    space: () => fileSystemSpace(directory.directory),
    async sweep() {
      const orphans = [
        ...(await discardOrphans(directory, 'snapshots', 'volumes')),
        ...(await discardOrphans(directory, 'custom-snapshots', 'custom')),
        ...(await machineFiles.sweep(() => disks.list())),
        ...(await disks.sweep()),
        ...(await memories.sweep(disks)),
      ];
      return [...(await directory.sweep()), ...orphans];
    },
  };
}

/** Snapshots whose volume is gone. */
async function discardOrphans(directory: PoolDirectory, part: string, volumes: string): Promise<string[]> {
  // Snapshots are listed first: what is made meanwhile has its volume in the second list.
  const snapshots = await directory.names(part);
  const present = new Set(await directory.names(volumes));
  const orphans = snapshots.filter((id) => !present.has(id));
  for (const id of orphans) await directory.discard(directory.path(part, id));
  return orphans.map((id) => `${part}/${id}`);
}

const wholeRange = 65_536;

/** Mounts a volume with shifted ids once: the file system below may not be able to, and a guest's start is too late to see. */
async function tryOut(pool: PoolDirectory, format: VolumeFormat): Promise<void> {
  try {
    await pool.grow({}, async (temporary) => {
      const [image, volume, target] = ['image', 'volume', 'target'].map((name) => join(temporary, name));
      for (const directory of [image, volume, target]) await mkdir(directory as string);
      await format.fill(volume as string, { fingerprint: 'image', directory: image as string }, {});
      // Any but the ids of this host's users.
      const own = ownNamespaces();
      const range = { base: own ? 0 : 1_000_000, size: Math.min(own?.ids ?? wholeRange, wholeRange) };
      await format.mount(volume as string, target as string, { range, readOnly: false, treeOf: () => image as string });
      await format.unmount(target as string);
    });
  } catch (cause) {
    throw new HostError(`${pool.directory}: guests cannot be mounted here: ${(cause as Error).message}`, {
      cause,
      help: 'put the pool on ext4, xfs or btrfs',
    });
  }
}
