/** Emptying a project that is deleted by force: its guests are killed, and all that is in it goes. */
import { fail } from '../../api/errors.ts';
import type { House } from '../house.ts';
import { deleteImage } from '../images/delete.ts';
import { changeInstance } from '../instances/change.ts';
import { deleteInstance } from '../instances/delete.ts';
import { allInstances, instanceById, instanceUrl } from '../instances/find.ts';
import { stopInstance } from '../instances/stop.ts';
import { type ImageDoc, type InstanceDoc, keys, type ProfileDoc } from '../model.ts';
import type { Task } from '../operations/registry.ts';
import { deleteVolume } from '../volumes/delete.ts';
import { volumesOf } from './used-by.ts';

/** Guests first: images, profiles and volumes may be in use by them. */
export async function emptyProject(house: House, project: string): Promise<void> {
  for (const doc of allInstances(house, project))
    await asOperation(house, doc, (task) => killAndDelete(house, doc.id, task));
  for (const doc of house.documents.list<ImageDoc>(`images/${project}/`)) await deleteImage(house, doc);
  const profiles = house.documents.list<ProfileDoc>(`profiles/${project}/`).filter(({ name }) => name !== 'default');
  await house.documents.commit(profiles.map(({ name }) => ({ delete: keys.profile(project, name) })));
  for (const doc of volumesOf(house, project)) await deleteVolume(house, doc);
}

/** Others see what happens, and a daemon that is killed meanwhile finishes it. */
async function asOperation(house: House, doc: InstanceDoc, work: (task: Task) => Promise<void>): Promise<void> {
  const resources = { instances: [instanceUrl(doc)] };
  const { id } = house.operations.start({ description: 'Deleting instance', project: doc.project, resources }, work);
  const ended = await house.operations.wait(id, undefined, new AbortController().signal);
  if (ended.status !== 'Success') fail('project.not-emptied', { name: doc.project, reason: ended.err });
}

async function killAndDelete(house: House, id: string, task: Task): Promise<void> {
  if (house.runtime.get(id)) await stopInstance(house, id, { force: true, timeoutSeconds: undefined }, task);
  await house.queue(id, async () => {
    // An ephemeral guest is gone with its end.
    if (!house.documents.get(keys.instance(id))) return;
    const { config } = instanceById(house, id);
    await changeInstance(house, id, { config: { ...config, 'security.protection.delete': 'false' } });
    await deleteInstance(house, id, task);
  });
}
