/**
 * The disks of a pool. Names lead to layers; every change makes new layers first, then changes one name, and what no name
 * needs any more is collected. A volume's name is the only thing that tells its head.
 */
import { open, rm } from 'node:fs/promises';
import type { DiskContent } from '../../core/ports/disk-content.ts';
import type { ChainFile, Disks, Frozen, WrittenForm } from '../../core/ports/disks.ts';
import type { VolumeState, Work } from '../../core/ports/storage.ts';
import { writeQcow2 } from '../../disks/qcow2-writer.ts';
import { explainDiskFull } from '../../host/disk-full.ts';
import { HostError } from '../../lib/host-error.ts';
import { createKeyedQueue } from '../../lib/keyed-queue.ts';
import type { PoolDirectory } from '../pool-directory.ts';
import { contentOf } from './contents.ts';
import { filledBy } from './filled-by.ts';
import { type Graph, neededLayers, nextMerge, ownLayers } from './graph.ts';
import { createImageDisks } from './image-disks.ts';
import { checkSize, createLayers, type Held } from './layers.ts';
import { createNames, type Name } from './names.ts';
import { createRewriting } from './rewrite.ts';

/** Reading through more layers than these makes a machine slow; then a frozen state is flattened. */
const maxChain = 16;

export function createDisks(pool: PoolDirectory): Disks {
  const layers = createLayers(pool);
  const names = createNames(pool);
  const rewriting = createRewriting(pool, layers);
  const queue = createKeyedQueue();
  /** Between reading a name and holding its layer, nothing is collected. */
  const alone = <T>(work: () => Promise<T>) => queue('names', work);

  const pick = (name: Name): Promise<Held> => alone(async () => layers.hold(await names.layerOf(name)));

  async function readGraph(all: readonly string[]): Promise<Graph> {
    const found = await names.all();
    const parents = await Promise.all(all.map(async (layer) => [layer, await layers.parent(layer)] as const));
    return { parents: new Map(parents), names: found };
  }

  /** Layers that nothing needs go. */
  const collect = (): Promise<string[]> =>
    alone(async () => {
      const all = await layers.list();
      // Asked before the names: a new layer that is not held any more has one. And none that is here is new later.
      const held = all.filter(layers.isHeld);
      const needed = neededLayers(await readGraph(all), held);
      const unneeded = all.filter((layer) => !needed.has(layer));
      for (const layer of unneeded) await pool.discard(layers.directoryOf(layer));
      return unneeded.map((layer) => `disks/layers/${layer}`);
    });

  /** What fails has made layers that have no name. */
  async function cleanly<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      await collect().catch(() => {});
      throw explainDiskFull(error, pool.directory);
    }
  }

  const sizeOf = async (layer: string): Promise<number> => Number((await layers.header(layer)).sizeBytes);

  /** Makes a volume with a fresh head. */
  async function settleHead(id: string, below: string | undefined, sizeBytes: number, work: Work): Promise<void> {
    using head = await layers.makeEmpty(below, sizeBytes, work);
    work.signal?.throwIfAborted();
    await names.settle({ id }, head.layer);
  }

  async function refuseTaken(name: Name): Promise<void> {
    if (await names.has(name))
      throw new HostError(`disk ${Object.values(name).join('/')} is in the pool already`, { errno: 'EEXIST' });
  }

  /**
   * The layer with the present content of a volume, which is not written any more: its head gets an empty one above it. The
   * name comes first. Killed in between, or refused, the running QEMU still writes to the old head; the new one is empty, so
   * both mean the same, and the next call goes on from there. The other order could lose what the guest wrote.
   */
  async function freeze(id: string, { switchTo, ...work }: Frozen): Promise<Held & { isFlat: boolean }> {
    using head = await pick({ id });
    if (!switchTo) layers.refuseOpen(head.layer);
    const below = await layers.parent(head.layer);
    const isFlat = !switchTo && (await isTooLong(head.layer));
    if (!switchTo && below !== undefined && (await layers.isFresh(head.layer)))
      if ((await sizeOf(head.layer)) === (await sizeOf(below))) return { ...layers.hold(below), isFlat: false };
    using frozen = isFlat ? await rewriting.flatten(head.layer, work) : layers.hold(head.layer);
    using overlay = await layers.makeEmpty(frozen.layer, await sizeOf(head.layer), work);
    work.signal?.throwIfAborted();
    await names.point({ id }, overlay.layer);
    await switchTo?.(layers.file(overlay.layer));
    await layers.takeBack(head.layer);
    return { ...layers.hold(frozen.layer), isFlat };
  }

  const isTooLong = async (layer: string) => (await layers.chain(layer)).length > maxChain;

  const shortened = async (layer: string, work: Work): Promise<Held> =>
    (await isTooLong(layer)) ? rewriting.flatten(layer, work) : layers.hold(layer);

  /** A state that nobody writes. */
  async function still(from: VolumeState, options: Frozen): Promise<Held> {
    if (from.snapshot === undefined) {
      const frozen = await freeze(from.id, options);
      // The layers that were made one.
      if (frozen.isFlat) await collect().catch(() => {});
      return frozen;
    }
    using found = await pick(from);
    return await shortened(found.layer, options);
  }

  async function writeOut(at: VolumeState, path: string, form: WrittenForm, work: Work = {}): Promise<void> {
    using state = await pick(at);
    await (await open(path, 'wx', 0o600)).close();
    try {
      await rewriting.writeOut(state.layer, path, form, work);
    } catch (error) {
      await rm(path, { force: true });
      throw explainDiskFull(error, path);
    }
  }

  const images = createImageDisks({ layers, names, cleanly, collect, still });

  return {
    images,
    list: names.volumes,

    createFromImage: (id, fingerprint, { sizeBytes, ...work } = {}) =>
      cleanly(async () => {
        using image = await pick({ image: fingerprint });
        const ownBytes = await sizeOf(image.layer);
        if (sizeBytes !== undefined && sizeBytes < ownBytes)
          throw new HostError(`the image has a disk of ${ownBytes} bytes, more than the ${sizeBytes} that are wanted`, {
            errno: 'EINVAL',
            help: 'choose a bigger size',
          });
        await settleHead(id, image.layer, sizeBytes ?? ownBytes, work);
      }),

    createEmpty: (id, sizeBytes, work = {}) => cleanly(() => settleHead(id, undefined, sizeBytes, work)),

    create: (at, fill, work = {}) =>
      cleanly(async () => {
        await refuseTaken(at);
        using made = await layers.make(undefined, work, filledBy(fill));
        await names.settle(at, made.layer);
      }),

    copy: (from, to, options = {}) =>
      cleanly(async () => {
        await refuseTaken({ id: to });
        using state = await still(from, options);
        await settleHead(to, state.layer, await sizeOf(state.layer), options);
      }),

    async replace(id, by) {
      for (const name of [{ id }, { id: by }]) layers.refuseOpen(await names.layerOf(name));
      // Who reads all names meanwhile could miss this one under both.
      await alone(() => names.replace(id, by));
      await names.removeSnapshots(by);
      await collect();
    },

    async remove(id) {
      // The volume first: snapshots without a volume are invisible, and swept after a crash between the two.
      await names.remove({ id });
      await names.removeSnapshots(id);
      await collect();
    },

    snapshots: async (id) => ((await names.has({ id })) ? names.snapshots(id) : []),

    snapshot: (id, snapshot, options = {}) =>
      cleanly(async () => {
        await refuseTaken({ id, snapshot });
        using state = await still({ id }, options);
        await names.settle({ id, snapshot }, state.layer);
      }),

    copySnapshot: (from, to, options = {}) =>
      cleanly(async () => {
        await refuseTaken(to);
        using state = await still(from, options);
        await names.settle(to, state.layer);
      }),

    restore: (id, snapshot, work = {}) =>
      cleanly(async () => {
        layers.refuseOpen(await names.layerOf({ id }));
        using state = await pick({ id, snapshot });
        using head = await layers.makeEmpty(state.layer, await sizeOf(state.layer), work);
        work.signal?.throwIfAborted();
        await names.point({ id }, head.layer);
        await collect();
      }),

    async removeSnapshot(id, snapshot) {
      await names.remove({ id, snapshot });
      await collect();
    },

    async compact(id, { stream, ...work } = {}) {
      if (!stream) layers.refuseOpen(await names.layerOf({ id }));
      for (let count = 0; ; count += 1) {
        work.signal?.throwIfAborted();
        const merge = nextMerge(await readGraph(await layers.list()), id, layers.isHeld);
        if (!merge) return count;
        const { into, from, base } = merge;
        if (stream) {
          await stream({
            into: layers.file(into),
            from: layers.file(from),
            base: base === undefined ? undefined : layers.file(base),
          });
          await pool.grow({}, (temporary) => layers.setParent(into, base, temporary));
        } else await rewriting.merge(merge, work);
        await collect();
      }
    },

    async grow(id, sizeBytes, { resize, ...work } = {}) {
      checkSize(sizeBytes);
      using head = await pick({ id });
      const now = await sizeOf(head.layer);
      if (sizeBytes < now)
        throw new HostError('a disk cannot be made smaller', {
          errno: 'EINVAL',
          help: 'copy it to a new, smaller one',
        });
      if (!resize) layers.refuseOpen(head.layer);
      await resize?.(sizeBytes);
      // A switch that was refused has left an empty head, and QEMU has resized another file.
      if ((await sizeOf(head.layer)) >= sizeBytes) return;
      if (!(await layers.isFresh(head.layer))) return rewriting.resize(head.layer, sizeBytes, work);
      using bigger = await layers.makeEmpty(await layers.parent(head.layer), sizeBytes, work);
      await names.point({ id }, bigger.layer);
    },

    async sizeBytes(at) {
      using state = await pick(at);
      return await sizeOf(state.layer);
    },

    async usage(id, snapshot) {
      const name = { id, snapshot };
      using state = await pick(name);
      const graph = await readGraph(await layers.list());
      const sizes = await Promise.all(ownLayers(graph, name, state.layer).map((layer) => layers.bytes(layer)));
      return sizes.reduce((sum, bytes) => sum + bytes, 0);
    },

    async chain(at) {
      using state = await pick(at);
      const chain = await layers.chain(state.layer);
      for (const layer of chain) await layers.header(layer);
      const files = chain.map((layer, index): ChainFile => {
        return { path: layers.file(layer), format: 'qcow2', readOnly: index > 0 || at.snapshot !== undefined };
      });
      return files as [ChainFile, ...ChainFile[]];
    },

    writeOut,

    async content(at, work = {}) {
      let content: DiskContent | undefined;
      await pool.grow(work, async (temporary) => {
        content = await contentOf(temporary, (path) => writeOut(at, path, { format: 'raw' }, work));
      });
      if (!content) throw new Error('a content was made');
      return content;
    },

    receive: (at, disk, work = {}) =>
      cleanly(async () => {
        checkSize(disk.sizeBytes);
        await refuseTaken(at);
        using made = await layers.make(undefined, work, (path) => writeQcow2(path, disk, work.signal));
        await names.settle(at, made.layer);
      }),

    async sweep() {
      // Snapshots are listed first: what is made meanwhile has its volume in the second list.
      const snapshots = await names.withSnapshots();
      const present = new Set(await names.volumes());
      const orphans = snapshots.filter((id) => !present.has(id));
      for (const id of orphans) await names.removeSnapshots(id);
      return [...orphans.map((id) => `disks/snapshots/${id}`), ...(await collect())];
    },
  };
}
