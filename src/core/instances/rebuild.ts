/** Putting a fresh root file system into a stopped instance; name, ids, addresses and config stay. */
import { fail } from '../../api/errors.ts';
import { findImage } from '../images/find.ts';
import type { Task } from '../operations/registry.ts';
import { instanceById, snapshotsOf } from './find.ts';
import { type ReplaceNeeds, replaceRoot } from './replace-root.ts';

/** The caller holds the instance's queue. */
export async function rebuildInstance(
  house: ReplaceNeeds,
  id: string,
  source: { type: string; fingerprint?: string; alias?: string },
  task: Task,
): Promise<void> {
  const doc = instanceById(house, id);
  if (snapshotsOf(house, id).length > 0)
    fail('instance.source', { reason: 'an instance with snapshots cannot be rebuilt; delete them first' });
  if (source.type !== 'image' && source.type !== 'none')
    fail('instance.source', { reason: `"${source.type}" is not one of image, none` });
  const image =
    source.type === 'image' ? findImage(house, doc.project, source.fingerprint || source.alias || '') : undefined;
  await replaceRoot(house, id, image ? { kind: 'image', fingerprint: image.fingerprint } : { kind: 'empty' }, task);
}
