/** Deleting an instance with its snapshots. */
import { isTrue } from '../../api/config-keys/key.ts';
import { fail } from '../../api/errors.ts';
import { removeBackupFiles } from '../backups/change.ts';
import { backupsOf } from '../backups/find.ts';
import type { House } from '../house.ts';
import { releaseImage } from '../images/delete.ts';
import { type InstanceDoc, keys } from '../model.ts';
import type { Task } from '../operations/registry.ts';
import { runSteps, type Step } from '../operations/steps.ts';
import { applyEvent } from './change.ts';
import { expand } from './expand.ts';
import { instanceById, instanceUrl, snapshotsOf } from './find.ts';
import { handOverSettled } from './handed-over.ts';
import { rootsOf } from './roots.ts';

export type DeleteNeeds = Pick<
  House,
  | 'documents'
  | 'warnings'
  | 'engines'
  | 'runtime'
  | 'execRecords'
  | 'pools'
  | 'backups'
  | 'queue'
  | 'clock'
  | 'events'
  | 'images'
>;
type DeleteContext = { house: DeleteNeeds; doc: InstanceDoc };

// No undo: a deletion that fails half-way stays `deleting` and is finished by the next call or the next start.
const deleteSteps: readonly Step<DeleteContext>[] = [
  {
    name: 'clear the runtime',
    do: async ({ house, doc }) => {
      await house.engines[doc.type].remove(doc.id);
      await house.engines[doc.type].forget(doc.id);
      await house.execRecords.forget(doc.id);
    },
  },
  {
    name: 'delete the volume and its snapshots',
    do: ({ house, doc }) => rootsOf(house, doc).remove(doc.id),
  },
  {
    name: 'delete its backups',
    do: ({ house, doc }) => removeBackupFiles(house, doc.id),
  },
  {
    name: 'forget the instance',
    do: ({ house, doc }) =>
      house.documents.commit([
        ...snapshotsOf(house, doc.id).map((snapshot) => ({ delete: keys.snapshot(doc.id, snapshot.id) })),
        ...backupsOf(house, doc.id).map((backup) => ({ delete: keys.backup(doc.id, backup.id) })),
        { delete: keys.instance(doc.id) },
      ]),
  },
  {
    name: 'let go of the image',
    // What stays behind is found at the next start; the instance is gone in any case.
    do: ({ house, doc }) =>
      releaseImage(house, doc.pool, doc.config['volatile.base_image'] ?? '').catch((error: unknown) =>
        house.events.logging('warning', `The image of ${doc.name} could not be let go of: ${error}`),
      ),
  },
];

async function clearAndTell(house: DeleteNeeds, doc: InstanceDoc, onStep?: Task['onStep']): Promise<void> {
  const gone = [
    ...snapshotsOf(house, doc.id).map(({ name }) => ({ what: 'instance-snapshot', path: `/snapshots/${name}` })),
    ...backupsOf(house, doc.id).map(({ name }) => ({ what: 'instance-backup', path: `/backups/${name}` })),
    { what: 'instance', path: '' },
  ];
  await runSteps(
    deleteSteps,
    { house, doc },
    {
      signal: new AbortController().signal,
      elapsedMs: house.clock.elapsedMs,
      ...(onStep ? { onStep } : {}),
    },
  );
  for (const { what, path } of gone)
    house.events.lifecycle(doc.project, { action: `${what}-deleted`, source: instanceUrl(doc, path), name: doc.name });
}

/** The caller holds the instance's queue. */
export async function deleteInstance(house: DeleteNeeds, id: string, task: Task): Promise<void> {
  const before = instanceById(house, id);
  // Whoever makes it would be left with half of it; its operation can be cancelled.
  if (before.phase === 'creating') fail('instance.busy', { name: before.name, action: 'create' });
  if (isTrue(expand(house, before).config['security.protection.delete']))
    fail('instance.protected', { name: before.name });
  const doc = await applyEvent(house, id, 'delete', { operation: task.id });
  await clearAndTell(house, doc, task.onStep);
  if (before.handedOver) await handOverSettled(house, before);
}

/** The same without an operation: ephemeral guests that ended, and repair. The caller holds the instance's queue. */
export async function clearInstance(house: DeleteNeeds, doc: InstanceDoc): Promise<void> {
  if (doc.phase !== 'deleting' && house.documents.get(keys.instance(doc.id))) await applyEvent(house, doc.id, 'delete');
  await clearAndTell(house, doc);
}
