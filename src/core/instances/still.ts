/** Holding a guest still while its root file system is read. */
import type { House } from '../house.ts';
import type { InstanceDoc } from '../model.ts';

/** Freezes a running guest for the time of `work`, so that what is copied belongs together. */
export async function standingStill<T>(
  house: Pick<House, 'engines'>,
  doc: InstanceDoc,
  work: () => Promise<T>,
): Promise<T> {
  if (doc.phase !== 'running') return work();
  await house.engines[doc.type].freeze(doc.id);
  try {
    return await work();
  } finally {
    // The guest may have been killed meanwhile; its end is told elsewhere.
    await house.engines[doc.type].unfreeze(doc.id).catch(() => {});
  }
}
