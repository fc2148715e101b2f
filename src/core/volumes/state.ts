/** The space that a volume takes. */
import { fail } from '../../api/errors.ts';
import type { StorageVolumeState } from '../../api/resources/volumes.ts';
import { parseBytes } from '../../lib/units.ts';
import type { House } from '../house.ts';
import { findInstance } from '../instances/find.ts';
import { rootsIn } from '../instances/roots.ts';
import { diskBytes } from './config.ts';
import { findVolume, openPool, volumeProject } from './find.ts';
import { isVolumeType } from './type.ts';

export async function volumeState(
  house: Pick<House, 'documents' | 'pools' | 'brokenPools' | 'engines' | 'runtime'>,
  { pool: poolName, type, volume: name }: { pool: string; type: string; volume: string },
  project: string,
): Promise<StorageVolumeState> {
  const pool = openPool(house, poolName);
  if (type === 'custom') {
    const doc = findVolume(house, { pool: poolName, project: volumeProject(house, project), name });
    const used = await pool.custom.usage(doc.id);
    if (doc.contentType === 'block') return { usage: { used, total: diskBytes(doc.config) } };
    return { usage: { used, total: doc.contentType === 'iso' ? (parseBytes(doc.config.size ?? '') ?? 0) : 0 } };
  }
  if (!isVolumeType(type) || type === 'image') fail('volume.type', { type });
  const instance = findInstance(house, project, name);
  if (instance.type !== type || instance.pool !== poolName) fail('volume.not-found', { pool: poolName });
  return { usage: { used: await rootsIn(house, pool, instance.type).usage(instance.id), total: 0 } };
}
