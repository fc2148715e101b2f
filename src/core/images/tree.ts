/** Images as pools have them, trees and disks: made at the first use of an image in a pool, shared by all its guests. */
import type { House } from '../house.ts';
import type { Pool } from '../ports/storage.ts';
import { refuseImage } from './refusal.ts';

type Needs = Pick<House, 'images' | 'queue'>;

/** Several guests that need the same at once wait for one unpacking. */
export function ensureImage(
  house: Needs,
  type: 'container' | 'virtual-machine',
  poolName: string,
  pool: Pool,
  fingerprint: string,
  signal: AbortSignal,
): Promise<void> {
  const ensure = type === 'container' ? ensureImageTree : ensureImageDisk;
  return ensure(house, poolName, pool, fingerprint, signal);
}

async function ensureImageDisk(
  house: Needs,
  poolName: string,
  { disks }: Pool,
  fingerprint: string,
  signal: AbortSignal,
): Promise<void> {
  if ((await disks.images.list()).includes(fingerprint)) return;
  await house.queue(`tree:${poolName}/${fingerprint}`, () =>
    disks.images.create(
      fingerprint,
      (path) => house.images.writeDisk(fingerprint, path, { signal }).catch(refuseImage),
      { signal },
    ),
  );
}

export async function ensureImageTree(
  house: Needs,
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
