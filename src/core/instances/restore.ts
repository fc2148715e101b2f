/** Putting a stopped instance back to a snapshot: root file system, config, devices. */
import type { House } from '../house.ts';
import type { Task } from '../operations/registry.ts';
import { findSnapshot, instanceById, instanceUrl } from './find.ts';
import { type ReplaceNeeds, replaceRoot } from './replace-root.ts';

/** The caller holds the instance's queue. */
export async function restoreSnapshot(
  house: ReplaceNeeds & Pick<House, 'events'>,
  id: string,
  name: string,
  task: Task,
): Promise<void> {
  const doc = instanceById(house, id);
  const snapshot = findSnapshot(house, doc, name);
  await replaceRoot(house, id, { kind: 'snapshot', id: snapshot.id }, task);
  house.events.lifecycle(doc.project, {
    action: 'instance-restored',
    source: instanceUrl(doc),
    name: doc.name,
    context: { snapshot: name },
  });
}
