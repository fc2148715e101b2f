/**
 * Layers of a pool: `disks/layers/ID/disk.qcow2`, and the link `parent` to the layer below. A layer never moves, also when
 * it stops being a head: a running QEMU may open its files again under their names.
 *
 * The name of the backing file in a header is relative (`../PARENT/disk.qcow2`), so that a pool may be moved, and is there
 * for people only: which layer stands on which is told by the links alone, because a guest's QEMU can write to its head.
 */
import { randomUUID } from 'node:crypto';
import { chmod, chown, lstat, open, readlink, symlink, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Work } from '../../core/ports/storage.ts';
import { checkedSize, openDiskBytes } from '../../disks/disk-bytes.ts';
import { refuseDataFile } from '../../disks/qcow2.ts';
import { emptyQcow2, maxQcow2Bytes } from '../../disks/qcow2-empty.ts';
import { type Qcow2Header, readQcow2Header } from '../../disks/qcow2-header.ts';
import { diskInUse, isOpenInQemu } from '../../host/disk-locks.ts';
import { HostError } from '../../lib/host-error.ts';
import { absentIs, type PoolDirectory } from '../pool-directory.ts';
import { flush, pointLink } from './durable.ts';

export type Held = { layer: string } & Disposable;
export type Layers = ReturnType<typeof createLayers>;

const fileName = 'disk.qcow2';
const parentName = 'parent';
const sectorBytes = 512;

export const backingNameFor = (parent: string): string => `../${parent}/${fileName}`;

export function createLayers(pool: PoolDirectory) {
  const held = new Map<string, number>();
  const directoryOf = (layer: string) => pool.path('disks', 'layers', layer);
  const file = (layer: string) => join(directoryOf(layer), fileName);

  /** Keeps a layer that nothing names yet, or any more, from being collected. */
  function hold(layer: string): Held {
    held.set(layer, (held.get(layer) ?? 0) + 1);
    const release = () => {
      const count = (held.get(layer) ?? 1) - 1;
      if (count > 0) held.set(layer, count);
      else held.delete(layer);
    };
    return { layer, [Symbol.dispose]: release };
  }

  async function parent(layer: string): Promise<string | undefined> {
    const target = await absentIs(undefined, () => readlink(join(directoryOf(layer), parentName)));
    return target === undefined ? undefined : basename(target);
  }

  /** Makes a layer by `build`, which is given the path of its file. The layer is held. */
  async function make(below: string | undefined, work: Work, build: (path: string) => Promise<void>): Promise<Held> {
    const layer = randomUUID();
    const final = directoryOf(layer);
    const holding = hold(layer);
    try {
      await pool.grow(work, async (temporary) => {
        const path = join(temporary, fileName);
        await build(path);
        work.signal?.throwIfAborted();
        await takeBack(path);
        if (below !== undefined) await symlink(`../${below}`, join(temporary, parentName));
        await Promise.all([flush(path), flush(temporary)]);
        pool.settle(temporary, final);
        await flush(pool.path('disks', 'layers'));
      });
      return holding;
    } catch (error) {
      holding[Symbol.dispose]();
      throw error;
    }
  }

  return {
    directoryOf,
    file,
    hold,
    parent,
    make,
    isHeld: (layer: string) => held.has(layer),
    list: () => pool.names('disks', 'layers'),
    takeBack: (layer: string) => takeBack(file(layer)),

    /** An empty one: all that is read comes from below, or is zeros. */
    makeEmpty: (below: string | undefined, sizeBytes: number, work: Work): Promise<Held> => {
      checkSize(sizeBytes);
      return make(below, work, (path) => writeEmpty(path, sizeBytes, below));
    },

    /** This layer, then all that it stands on. */
    async chain(layer: string): Promise<[string, ...string[]]> {
      const chain: [string, ...string[]] = [layer];
      for (let below = await parent(layer); below !== undefined; below = await parent(below)) {
        if (chain.includes(below)) throw new HostError(`layer ${below} of the pool stands on itself`);
        chain.push(below);
      }
      return chain;
    },

    setParent: (layer: string, below: string | undefined, temporary: string) =>
      below === undefined
        ? removeLink(join(directoryOf(layer), parentName))
        : pointLink(join(directoryOf(layer), parentName), `../${below}`, join(temporary, parentName)),

    /** Refuses what a guest's QEMU has made of its head, should it lead QEMU to files that it was not given. */
    async header(layer: string): Promise<Qcow2Header> {
      await using bytes = await openDiskBytes(file(layer));
      const header = await readQcow2Header(bytes);
      refuseDataFile(header.incompatible, header.extensions);
      checkedSize(header.sizeBytes, maxQcow2Bytes);
      return header;
    },

    /** Whether nothing was written since the layer was made: all that is read comes from below. */
    async isFresh(layer: string): Promise<boolean> {
      const { sizeBytes } = await this.header(layer);
      const { size } = await lstat(file(layer));
      // New clusters lie behind those that it was made with.
      return size <= emptyQcow2(Number(sizeBytes)).fileBytes;
    },

    refuseOpen(layer: string): void {
      if (isOpenInQemu(file(layer))) throw diskInUse();
    },

    bytes: async (layer: string) => (await lstat(file(layer))).blocks * sectorBytes,
  };
}

export function checkSize(sizeBytes: number): void {
  if (Number.isSafeInteger(sizeBytes) && sizeBytes > 0 && sizeBytes % sectorBytes === 0 && sizeBytes <= maxQcow2Bytes)
    return;
  throw new HostError(`a disk of ${sizeBytes} bytes cannot be made`, {
    errno: 'EINVAL',
    help: `choose a multiple of ${sectorBytes}, at most ${maxQcow2Bytes}`,
  });
}

/** The file belongs to nobody but the daemon: a head may have been given to its machine's QEMU. */
async function takeBack(path: string): Promise<void> {
  await chown(path, process.geteuid?.() ?? 0, process.getegid?.() ?? 0);
  await chmod(path, 0o600);
}

async function writeEmpty(path: string, sizeBytes: number, below: string | undefined): Promise<void> {
  const { pieces, fileBytes } = emptyQcow2(sizeBytes, below === undefined ? undefined : backingNameFor(below));
  const made = await open(path, 'wx', 0o600);
  try {
    for (const { bytes, offset } of pieces) await made.write(bytes, 0, bytes.length, offset);
    await made.truncate(fileBytes);
  } finally {
    await made.close();
  }
}

async function removeLink(path: string): Promise<void> {
  await absentIs(undefined, () => unlink(path));
  await flush(dirname(path));
}
