/** Unpacked image trees in pools: made at the first use of an image in a pool, shared by all its guests. */
import type { House } from '../house.ts';
import type { Pool } from '../ports/storage.ts';
import { refuseImage } from './refusal.ts';

/** Several guests that need the same tree at once wait for one unpacking. */
export async function ensureImageTree(
  house: Pick<House, 'images' | 'queue'>,
  poolName: string,
  pool: Pool,
  fingerprint: string,
  signal: AbortSignal,
): Promise<void> {
  if ((await pool.images.list()).includes(fingerprint)) return;
  await house.queue(`tree:${poolName}/${fingerprint}`, () =>
    pool.images.create(
      fingerprint,
      (directory) => house.images.unpack(fingerprint, directory, { signal }).catch(refuseImage),
      { signal },
    ),
  );
}
