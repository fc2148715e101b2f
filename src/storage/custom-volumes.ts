/** Custom volumes of a pool of directories: `custom/ID` and `custom-snapshots/ID/SNAPSHOT`. */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { CustomVolumes, VolumeState, Work } from '../core/ports/storage.ts';
import { contentPath, copyContent, customFormat, growDisk, makeContent } from './custom-format.ts';
import type { HeldImageTrees } from './image-trees.ts';
import { exists, type PoolDirectory } from './pool-directory.ts';
import type { VolumeFormat } from './volume-format.ts';
import { createVolumes, missing } from './volumes.ts';

const places = { volumes: 'custom', snapshots: 'custom-snapshots' } as const;

export function createCustomVolumes(
  pool: PoolDirectory,
  images: HeldImageTrees,
  mounts: Pick<VolumeFormat, 'mount' | 'unmount'>,
): CustomVolumes {
  const {
    createFromImage: _,
    createEmpty: _empty,
    create: _create,
    ...common
  } = createVolumes(pool, images, customFormat(mounts), places);
  const place = ({ id, snapshot }: VolumeState) =>
    snapshot === undefined ? pool.path(places.volumes, id) : pool.path(places.snapshots, id, snapshot);
  const make = async (at: VolumeState, work: Work, build: (temporary: string) => Promise<void>) => {
    const final = place(at);
    await pool.grow(work, async (temporary) => {
      await build(temporary);
      work.signal?.throwIfAborted();
      if (at.snapshot !== undefined) await mkdir(pool.path(places.snapshots, at.id), { recursive: true, mode: 0o700 });
      pool.settle(temporary, final);
    });
  };
  return {
    ...common,

    createEmpty: (id, content, work = {}) => make({ id }, work, (temporary) => makeContent(temporary, content)),

    create: (at, kind, fill, work = {}) =>
      make(at, work, async (temporary) => {
        await makeContent(temporary, kind === 'block' ? { kind, sizeBytes: 0 } : { kind });
        await fill(contentPath(temporary, kind));
      }),

    async receive(id, bytes, work = {}) {
      let size = 0;
      await make({ id }, work, async (temporary) => {
        const file = createWriteStream(contentPath(temporary, 'block'), { flags: 'wx', mode: 0o600 });
        await pipeline(bytes, file, work.signal ? { signal: work.signal } : {});
        size = file.bytesWritten;
      });
      return size;
    },

    copyFrom: (path, at, work = {}) => make(at, work, (temporary) => copyContent(path, temporary, work)),

    path: (at, kind) => contentPath(place(at), kind),

    async grow(id, sizeBytes) {
      const directory = place({ id });
      if (!(await exists(directory))) throw missing(id);
      await growDisk(directory, sizeBytes);
    },
  };
}
