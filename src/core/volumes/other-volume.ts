/** Volumes of guests and images, which only show themselves. */
import { fail } from '../../api/errors.ts';
import type { StorageVolume } from '../../api/resources/volumes.ts';
import type { House } from '../house.ts';
import { findPool, type VolumeParams } from './find.ts';
import { isVolumeType } from './type.ts';
import { listVolumes } from './view.ts';

export async function otherVolume(
  house: Pick<House, 'documents' | 'pools'>,
  { pool, type, volume }: VolumeParams,
  project: string,
): Promise<StorageVolume> {
  findPool(house, pool);
  if (!isVolumeType(type)) fail('volume.type', { type });
  const found = (await listVolumes(house, pool, project))
    .map((item) => item.object())
    .find((one) => one.type === type && one.name === volume);
  return found ?? fail('volume.not-found', { pool });
}
