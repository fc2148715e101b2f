/** What costs as much as its bytes, by qemu-img in its cage: merging and flattening layers, growing heads, writing out. */
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { WrittenForm } from '../../core/ports/disks.ts';
import type { Work } from '../../core/ports/storage.ts';
import { backingNameOf, withBackingName } from '../../disks/qcow2-backing.ts';
import { copySparseFile } from '../../host/copy-tree.ts';
import { runDiskTool } from '../../host/disk-tool.ts';
import type { PoolDirectory } from '../pool-directory.ts';
import { flush } from './durable.ts';
import type { Merge } from './graph.ts';
import { backingNameFor, type Held, type Layers } from './layers.ts';

export type Rewriting = ReturnType<typeof createRewriting>;

const clusterBytes = 64 * 1024;
const nameOf = (layer: string) => `${layer}/disk.qcow2`;
/** In the cage as in the pool: the names in the headers lead from one layer to the next. */
const newLayer = 'new/disk.qcow2';

export function createRewriting(pool: PoolDirectory, layers: Layers) {
  const readable = (names: readonly string[]) =>
    names.map((layer) => ({ path: layers.file(layer), name: nameOf(layer), readOnly: true }));
  const writable = (layer: string) => ({ path: layers.file(layer), name: nameOf(layer), readOnly: false });

  /**
   * The layers that QEMU has to open for this one, with the right names in their headers: QEMU writes others there when it
   * merges layers while its machine runs, and a guest that has taken over its QEMU may write any.
   */
  async function chainAtRest(layer: string): Promise<[string, ...string[]]> {
    const chain = await layers.chain(layer);
    for (const [index, each] of chain.entries()) {
      await layers.header(each);
      const below = chain[index + 1];
      if (below !== undefined) await correctName(layers.file(each), backingNameFor(below));
    }
    return chain;
  }

  return {
    /** What `from` holds moves up to `into`, which stands on `base` then. At every moment `into` shows the same. */
    merge: ({ into, base }: Merge, work: Work) =>
      pool.grow(work, async (scratchDirectory) => {
        const [, ...below] = await chainAtRest(into);
        await rebase(nameOf(into), base, { scratchDirectory, files: [writable(into), ...readable(below)], ...work });
        await flush(layers.file(into));
        await layers.setParent(into, base, scratchDirectory);
      }),

    /** A layer with the same content as this one, which nobody writes, that stands on the lowest one only. */
    async flatten(layer: string, work: Work): Promise<Held> {
      const chain = await chainAtRest(layer);
      const lowest = chain.at(-1) as string;
      return layers.make(lowest, work, async (path) => {
        await copySparseFile(layers.file(layer), path, work);
        const files = [{ path, name: newLayer, readOnly: false }, ...readable(chain.slice(1))];
        await rebase(newLayer, lowest, { scratchDirectory: dirname(path), files, ...work });
      });
    },

    resize: (layer: string, sizeBytes: number, work: Work) =>
      pool.grow(work, async (scratchDirectory) => {
        const [, ...below] = await chainAtRest(layer);
        const files = [writable(layer), ...readable(below)];
        const args = ['resize', '-q', '-f', 'qcow2', nameOf(layer), String(sizeBytes)];
        await runDiskTool(args, { scratchDirectory, files, ...work });
        await flush(layers.file(layer));
      }),

    /** `path`: an empty file. */
    writeOut: (layer: string, path: string, form: WrittenForm, work: Work) =>
      pool.grow(work, async (scratchDirectory) => {
        const chain = await chainAtRest(layer);
        const { sizeBytes } = await layers.header(layer);
        const files = [{ path, name: 'out', readOnly: false }, ...readable(chain)];
        const written = form.format === 'qcow2' ? ['-o', 'compat=1.1,cluster_size=64k,lazy_refcounts=off'] : [];
        if (form.format === 'qcow2' && form.compressed) written.push('-c');
        await runDiskTool(['convert', '-q', '-f', 'qcow2', '-O', form.format, ...written, nameOf(layer), 'out'], {
          // A disk is full of data at the most, and then has some tables.
          ...{ scratchDirectory, files, fileBytes: Number(sizeBytes) * 1.01 + 16 * 1024 * 1024, ...work },
        });
        await flush(path);
      }),
  };
}

/** Copies up what would look different on `base`, and writes that name. */
async function rebase(
  name: string,
  base: string | undefined,
  options: Parameters<typeof runDiskTool>[1],
): Promise<void> {
  const onto = base === undefined ? '' : backingNameFor(base);
  await runDiskTool(['rebase', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', onto, name], options);
}

async function correctName(path: string, name: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(clusterBytes), 0, clusterBytes, 0);
    const head = buffer.subarray(0, bytesRead);
    if ((await backingNameOf(head)) === name) return;
    await file.write(await withBackingName(head, name), 0, bytesRead, 0);
    await file.sync();
  } finally {
    await file.close();
  }
}
