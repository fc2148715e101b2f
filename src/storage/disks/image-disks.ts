/** Disks of images: layers that are named by a fingerprint. */
import type { ImageDisks } from '../../core/ports/disks.ts';
import type { VolumeState, Work } from '../../core/ports/storage.ts';
import { HostError } from '../../lib/host-error.ts';
import { filledBy } from './filled-by.ts';
import type { Held, Layers } from './layers.ts';
import type { Names } from './names.ts';

type Needs = {
  layers: Layers;
  names: Names;
  cleanly: <T>(work: () => Promise<T>) => Promise<T>;
  collect: () => Promise<string[]>;
  /** A state that nobody writes. */
  still: (from: VolumeState, work: Work) => Promise<Held>;
};

export function createImageDisks({ layers, names, cleanly, collect, still }: Needs): ImageDisks {
  async function createBy(fingerprint: string, make: () => Promise<Held>): Promise<void> {
    const name = { image: fingerprint };
    if (await names.has(name)) return;
    try {
      await cleanly(async () => {
        using made = await make();
        await names.settle(name, made.layer);
      });
    } catch (error) {
      // Another call was quicker.
      if (!(error instanceof HostError && error.errno === 'EEXIST' && (await names.has(name)))) throw error;
      await collect();
    }
  }

  return {
    list: names.images,

    create: (fingerprint, fill, work = {}) => createBy(fingerprint, () => layers.make(undefined, work, filledBy(fill))),

    createFrom: (fingerprint, from, work = {}) => createBy(fingerprint, () => still(from, work)),

    async remove(fingerprint) {
      await names.remove({ image: fingerprint });
      await collect();
    },

    sizeBytes: async (fingerprint) =>
      Number((await layers.header(await names.layerOf({ image: fingerprint }))).sizeBytes),
  };
}
