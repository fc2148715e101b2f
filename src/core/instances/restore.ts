/** Putting a stopped instance back to a snapshot: root file system, config, devices. */
import type { House } from '../house.ts';
import type { InstanceDoc, SnapshotDoc } from '../model.ts';
import type { Task } from '../operations/registry.ts';
import { allowInstance } from '../projects/rules.ts';
import { checkDevices, checkExpandedDevices } from './devices.ts';
import { expand } from './expand.ts';
import { findSnapshot, instanceById, instanceUrl } from './find.ts';
import { type ReplaceNeeds, replaceRoot } from './replace-root.ts';

/** The caller holds the instance's queue, and has looked whether the snapshot has a memory when it is to be `withMemory`. */
export async function restoreSnapshot(
  house: ReplaceNeeds & Pick<House, 'events' | 'devices'>,
  id: string,
  name: string,
  task: Task,
  { withMemory = false }: { withMemory?: boolean } = {},
): Promise<void> {
  const doc = instanceById(house, id);
  const snapshot = findSnapshot(house, doc, name);
  checkState(house, doc, snapshot);
  const memory = withMemory ? ({ memory: true } as const) : {};
  await replaceRoot(house, id, { kind: 'snapshot', id: snapshot.id, ...memory }, task);
  house.events.lifecycle(doc.project, {
    action: 'instance-restored',
    source: instanceUrl(doc),
    name: doc.name,
    context: { snapshot: `${doc.name}/${name}` },
  });
}

/**
 * Profiles, networks and pools of that time may have gone meanwhile; an instance without them could not even be listed.
 * And the project may have other rules by now.
 */
function checkState(house: Pick<House, 'documents' | 'devices'>, doc: InstanceDoc, { state }: SnapshotDoc): void {
  checkDevices(house, state.devices);
  const planned = { ...doc, ...state };
  checkExpandedDevices(house, expand(house, planned).devices);
  allowInstance(house, planned);
}
