/** Finding instances by what users say. */
import { fail } from '../../api/errors.ts';
import type { House } from '../house.ts';
import { type InstanceDoc, keys, type SnapshotDoc } from '../model.ts';
import { inProject } from '../projects/url.ts';

type Needs = Pick<House, 'documents'>;

export function allInstances(house: Needs, project?: string): InstanceDoc[] {
  const all = house.documents.list<InstanceDoc>('instances/');
  return project === undefined ? all : all.filter((doc) => doc.project === project);
}

export function findInstance(house: Needs, project: string, name: string): InstanceDoc {
  return lookUpInstance(house, project, name) ?? fail('instance.not-found', { name });
}

export function lookUpInstance(house: Needs, project: string, name: string): InstanceDoc | undefined {
  return house.documents.list<InstanceDoc>('instances/').find((doc) => doc.name === name && doc.project === project);
}

/** The document as it is now; it may have changed while the caller waited in a queue. */
export function instanceById(house: Needs, id: string): InstanceDoc {
  return house.documents.get<InstanceDoc>(keys.instance(id)) ?? fail('instance.not-found');
}

export function snapshotsOf(house: Needs, id: string): SnapshotDoc[] {
  return house.documents.list<SnapshotDoc>(keys.snapshotsOf(id)).sort((a, b) => a.createdAt.localeCompare(b.createdAt));
}

export function findSnapshot(house: Needs, instance: InstanceDoc, name: string): SnapshotDoc {
  return (
    snapshotsOf(house, instance.id).find((doc) => doc.name === name) ??
    fail('snapshot.not-found', { instance: instance.name, name })
  );
}

/** Path of an instance in the API, with the project when it is not the default one. */
export function instanceUrl(doc: Pick<InstanceDoc, 'name' | 'project'>, rest = ''): string {
  return inProject(`/1.0/instances/${encodeURIComponent(doc.name)}${rest}`, doc.project);
}
