/** Putting a fresh root file system into a stopped instance; name, ids, addresses and config stay. */
import { fail } from '../../api/errors.ts';
import { releaseImage } from '../images/delete.ts';
import { findImage } from '../images/find.ts';
import { instanceImage } from '../images/instance-image.ts';
import type { ObtainNeeds } from '../images/remote/obtain.ts';
import { remoteSource } from '../images/remote/source.ts';
import type { ImageDoc, InstanceDoc } from '../model.ts';
import type { Task } from '../operations/registry.ts';
import { instanceById, snapshotsOf } from './find.ts';
import { type ReplaceNeeds, replaceRoot } from './replace-root.ts';

type RebuildSource = { type: string } & Partial<
  Record<'fingerprint' | 'alias' | 'server' | 'protocol' | 'certificate' | 'secret' | 'project', string>
>;
type RebuildNeeds = ReplaceNeeds & ObtainNeeds;

/** The caller holds the instance's queue. */
export async function rebuildInstance(
  house: RebuildNeeds,
  id: string,
  source: RebuildSource,
  task: Task,
): Promise<void> {
  const doc = instanceById(house, id);
  if (snapshotsOf(house, id).length > 0)
    fail('instance.source', { reason: 'an instance with snapshots cannot be rebuilt; delete them first' });
  if (source.type !== 'image' && source.type !== 'none')
    fail('instance.source', { reason: `"${source.type}" is not one of image, none` });
  const image = source.type === 'image' ? await wantedImage(house, doc, source, task) : undefined;
  await replaceRoot(house, id, image ? { kind: 'image', fingerprint: image.fingerprint } : { kind: 'empty' }, task);
  await releaseImage(house, doc.pool, doc.config['volatile.base_image'] ?? '');
}

async function wantedImage(
  house: RebuildNeeds,
  { project, type }: Pick<InstanceDoc, 'project' | 'type'>,
  source: RebuildSource,
  task: Task,
): Promise<Pick<ImageDoc, 'fingerprint'>> {
  if (source.server) return instanceImage(house, project, remoteSource(source, type), task);
  const image = findImage(house, project, source.fingerprint || source.alias || '', type);
  return image.type === type ? image : fail('image.type', { type: image.type, instance: type });
}
