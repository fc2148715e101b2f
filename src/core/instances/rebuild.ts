/** Putting a fresh root file system into a stopped instance; name, ids, addresses and config stay. */
import { fail } from '../../api/errors.ts';
import type { House } from '../house.ts';
import { findImage } from '../images/find.ts';
import { ensureImageTree } from '../images/tree.ts';
import type { Task } from '../operations/registry.ts';
import { applyEvent } from './change.ts';
import { instanceById, snapshotsOf } from './find.ts';

type Needs = Pick<House, 'documents' | 'pools' | 'images' | 'queue'>;

/** The caller holds the instance's queue. */
export async function rebuildInstance(
  house: Needs,
  id: string,
  source: { type: string; fingerprint?: string; alias?: string },
  task: Task,
): Promise<void> {
  const doc = instanceById(house, id);
  if (snapshotsOf(house, id).length > 0)
    fail('instance.source', { reason: 'an instance with snapshots cannot be rebuilt; delete them first' });
  const pool = house.pools.get(doc.pool) ?? fail('pool.closed', { name: doc.pool, reason: 'see gast doctor' });
  const image =
    source.type === 'image' ? findImage(house, doc.project, source.fingerprint || source.alias || '') : undefined;
  if (!image && source.type !== 'none')
    fail('instance.source', { reason: `"${source.type}" is not one of image, none` });
  if (image) await ensureImageTree(house, doc.pool, pool, image.fingerprint, task.signal);
  await applyEvent(house, id, 'restore', { operation: task.id });
  await pool.volumes.remove(id);
  if (image) await pool.volumes.createFromImage(id, image.fingerprint);
  else await pool.volumes.createEmpty(id);
  const kept = Object.entries(doc.config).filter(([key]) => !key.startsWith('image.') && key !== 'volatile.base_image');
  const added = image
    ? [
        ...Object.entries(image.properties).map(([key, value]) => [`image.${key}`, value]),
        ['volatile.base_image', image.fingerprint],
      ]
    : [];
  await applyEvent(house, id, 'restored', {
    config: { ...Object.fromEntries(kept), ...Object.fromEntries(added), 'volatile.apply_template': 'create' },
  });
}
