/** Images as pools have them, trees and disks: made at the first use of an image in a pool, shared by all its guests. */
import type { House } from '../house.ts';
import type { Pool } from '../ports/storage.ts';
import { refuseImage } from './refusal.ts';

type Needs = Pick<House, 'images' | 'queue'>;

/** Several guests that need the same at once wait for one unpacking. */
export async function ensureImage(
  { images, queue }: Needs,
  type: 'container' | 'virtual-machine',
  poolName: string,
  pool: Pool,
  fingerprint: string,
  signal: AbortSignal,
): Promise<void> {
  const [kept, write] =
    type === 'container' ? [pool.images, images.unpack] : ([pool.disks.images, images.writeDisk] as const);
  if ((await kept.list()).includes(fingerprint)) return;
  await queue(`tree:${poolName}/${fingerprint}`, () =>
    kept.create(fingerprint, (path) => write(fingerprint, path, { signal }).catch(refuseImage), { signal }),
  );
}
