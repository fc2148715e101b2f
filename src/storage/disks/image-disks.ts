/** Disks of images: layers that are named by a fingerprint. */
import type { ImageDisks } from '../../core/ports/disks.ts';
import { HostError } from '../../lib/host-error.ts';
import { filledBy } from './filled-by.ts';
import type { Layers } from './layers.ts';
import type { Names } from './names.ts';

type Needs = {
  layers: Layers;
  names: Names;
  cleanly: <T>(work: () => Promise<T>) => Promise<T>;
  collect: () => Promise<string[]>;
};

export function createImageDisks({ layers, names, cleanly, collect }: Needs): ImageDisks {
  return {
    list: names.images,

    async create(fingerprint, fill, work = {}) {
      const name = { image: fingerprint };
      if (await names.has(name)) return;
      try {
        await cleanly(async () => {
          using made = await layers.make(undefined, work, filledBy(fill));
          await names.settle(name, made.layer);
        });
      } catch (error) {
        // Another call was quicker.
        if (!(error instanceof HostError && error.errno === 'EEXIST' && (await names.has(name)))) throw error;
        await collect();
      }
    },

    async remove(fingerprint) {
      await names.remove({ image: fingerprint });
      await collect();
    },

    sizeBytes: async (fingerprint) =>
      Number((await layers.header(await names.layerOf({ image: fingerprint }))).sizeBytes),
  };
}
