/** Renaming volumes and moving them to another pool or project; devices that name them follow in the same commit. */
import { fail } from '../../api/errors.ts';
import type { House } from '../house.ts';
import { allInstances } from '../instances/find.ts';
import { keys, type ProfileDoc, type VolumeDoc } from '../model.ts';
import type { Task } from '../operations/registry.ts';
import type { Change } from '../ports/store.ts';
import { enterProject } from '../projects/enter.ts';
import { allowVolume } from '../projects/rules.ts';
import { checkVolumeName } from './config.ts';
import { copyState } from './copy.ts';
import type { VolumeNeeds } from './create.ts';
import { findPool, nameQueue, openPool, type VolumePlace, volumeById, volumeSnapshots } from './find.ts';
import { checkNobodyUp } from './still.ts';
import { volumeSnapshotTold, volumeTold } from './told.ts';
import { instancesWith, renamedDevices, volumeUsers } from './users.ts';

/** Everything that can be refused before any work. */
export function checkMove(house: VolumeNeeds, from: VolumeDoc, to: VolumePlace): void {
  findPool(house, to.pool);
  checkVolumeName(house, to);
  checkNobodyUp(house, from, 'volume.running');
  allowVolume(house, { ...from, ...to }, from.id);
  if (from.project === to.project) return;
  const users = volumeUsers(house)(from);
  if (users.length > 0) fail('volume.in-use', { users: users.join(', ') });
}

export function renameVolume(house: VolumeNeeds, doc: VolumeDoc, name: string): Promise<void> {
  const to = { ...doc, name };
  return change(house, doc, to, async () => {
    volumeTold(house, 'renamed', to, { old_name: doc.name });
  });
}

export function moveVolume(house: VolumeNeeds, doc: VolumeDoc, to: VolumePlace, task: Task): Promise<void> {
  const target = openPool(house, to.pool);
  const moves = doc.pool !== to.pool;
  return change(
    house,
    doc,
    to,
    async () => {
      volumeTold(house, 'created', to);
      const snapshots = volumeSnapshots(house, doc.id);
      // Last, and not needed for the move to hold: repair clears it as well.
      if (moves) await openPool(house, doc.pool).custom.remove(doc.id);
      for (const { name } of snapshots) volumeSnapshotTold(house, 'deleted', doc, name);
      volumeTold(house, 'deleted', doc);
    },
    async (volume) => {
      if (!moves) return;
      for (const { id } of volumeSnapshots(house, volume.id))
        await copyState(house, target, volume, id, { id: volume.id, snapshot: id }, task.signal);
      await copyState(house, target, volume, undefined, { id: volume.id }, task.signal);
    },
    () => (moves ? target.custom.remove(doc.id) : Promise.resolve()),
  );
}

/** The name first, then the volume: see `nameQueue`. */
function change(
  house: VolumeNeeds,
  doc: VolumeDoc,
  to: VolumePlace,
  after: () => Promise<void>,
  before: (volume: VolumeDoc) => Promise<void> = async () => {},
  undo: () => Promise<void> = async () => {},
): Promise<void> {
  return house.queue(nameQueue(to), () =>
    house.queue(doc.id, async () => {
      const volume = volumeById(house, doc.id);
      checkMove(house, volume, to);
      try {
        await before(volume);
        const { pool, project, name } = to;
        await commitWithUsers(house, volume, { ...volume, pool, project, name });
      } catch (error) {
        await undo();
        throw error;
      }
      await after();
    }),
  );
}

/** All users change together with the volume, or nothing does. Running guests were refused: a start waits for its turn. */
function commitWithUsers(house: VolumeNeeds, from: VolumeDoc, to: VolumeDoc): Promise<void> {
  const instances = instancesWith(house, from).map((instance) => instance.id);
  const held = instances.reduceRight<() => Promise<void>>(
    (inner, id) => () => house.queue(id, inner),
    async () => {
      checkNobodyUp(house, from, 'volume.running');
      await enterProject(house, to.project, [{ put: keys.volume(to.id), value: to }, ...renamedUsers(house, from, to)]);
    },
  );
  return held();
}

function renamedUsers(house: Pick<House, 'documents'>, from: VolumePlace, to: VolumePlace): Change[] {
  const owners = [
    ...allInstances(house).map((doc) => ({ key: keys.instance(doc.id), doc })),
    ...house.documents.list<ProfileDoc>('profiles/').map((doc) => ({ key: keys.profile(doc.project, doc.name), doc })),
  ];
  return owners.flatMap(({ key, doc }) => {
    const devices = renamedDevices(house, doc, from, to);
    if (!devices) return [];
    return [{ put: key, value: { ...doc, devices }, expect: house.documents.revision(key) }];
  });
}
