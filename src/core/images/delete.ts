/**
 * Deleting images. The image goes from the list of its project; its files go with the last project that has them; its
 * unpacked tree in a pool goes with the last volume that stands on it.
 */
import { HostError } from '../../lib/host-error.ts';
import type { House } from '../house.ts';
import { allInstances } from '../instances/find.ts';
import { type ImageDoc, keys } from '../model.ts';
import { imageQueue } from './add.ts';
import { aliasesOf, aliasKey, imageOfContent } from './find.ts';

export type DeleteImageNeeds = Pick<House, 'documents' | 'images' | 'queue' | 'pools'>;

export async function deleteImage(
  house: DeleteImageNeeds,
  doc: Pick<ImageDoc, 'project' | 'fingerprint'>,
): Promise<void> {
  await house.queue(imageQueue(doc.fingerprint), async () => {
    const aliases = aliasesOf(house, doc).map((alias) => ({ delete: aliasKey(alias) }));
    await house.documents.commit([{ delete: keys.image(doc.project, doc.fingerprint) }, ...aliases]);
    if (imageOfContent(house, doc.fingerprint)) return;
    await house.images.remove(doc.fingerprint);
    for (const pool of house.pools.keys()) await clearImageTree(house, pool, doc.fingerprint);
  });
}

export const isInUse = (house: Pick<House, 'documents'>, fingerprint: string): boolean =>
  allInstances(house).some((doc) => doc.config['volatile.base_image'] === fingerprint);

/** To be called when a volume that stood on an image has gone: what only that one needed goes as well. */
export async function releaseImage(house: DeleteImageNeeds, pool: string, fingerprint: string): Promise<void> {
  if (fingerprint === '' || isInUse(house, fingerprint)) return;
  for (const doc of house.documents.list<ImageDoc>('images/'))
    if (doc.fingerprint === fingerprint && doc.supersededBy) await deleteImage(house, doc);
  if (imageOfContent(house, fingerprint)) return;
  await house.queue(imageQueue(fingerprint), () => clearImageTree(house, pool, fingerprint));
}

/** The pool knows best whether somebody stands on the tree. */
async function clearImageTree(house: Pick<House, 'pools'>, name: string, fingerprint: string): Promise<void> {
  const pool = house.pools.get(name);
  if (!pool) return;
  // A disk stays as long as volumes stand on it, whatever its name.
  await pool.disks.images.remove(fingerprint);
  if (!(await pool.images.list()).includes(fingerprint)) return;
  await pool.images.remove(fingerprint).catch((error: unknown) => {
    if (!(error instanceof HostError && error.errno === 'EBUSY')) throw error;
  });
}
