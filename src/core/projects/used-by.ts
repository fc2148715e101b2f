/** What belongs to a project, as addresses: instances, images, networks, profiles, volumes. */
import type { House } from '../house.ts';
import { imageUrl } from '../images/view.ts';
import { allInstances, instanceUrl } from '../instances/find.ts';
import type { AclDoc, ImageDoc, NetworkDoc, ProfileDoc, VolumeDoc } from '../model.ts';
import { aclUrl, networkUrl } from '../networks/find.ts';
import { profileUrl } from '../profiles/find.ts';
import { allVolumes, volumeUrl } from '../volumes/find.ts';

type Needs = Pick<House, 'documents'>;

export function projectUsers(house: Needs, project: string): string[] {
  const { documents } = house;
  return [
    ...allInstances(house, project).map((doc) => instanceUrl(doc)),
    ...documents.list<ImageDoc>(`images/${project}/`).map((doc) => imageUrl(doc.fingerprint, project)),
    ...networksOf(house, project).map((doc) => networkUrl(doc.name)),
    ...aclsOf(house, project).map((doc) => aclUrl(doc.name)),
    ...documents.list<ProfileDoc>(`profiles/${project}/`).map((doc) => profileUrl(doc.name, project)),
    ...volumesOf(house, project).map((doc) => volumeUrl(doc)),
  ];
}

/** Networks and their access lists are those of the default project only. */
export const networksOf = (house: Needs, project: string): NetworkDoc[] =>
  project === 'default' ? house.documents.list<NetworkDoc>('networks/') : [];

const aclsOf = (house: Needs, project: string): AclDoc[] =>
  project === 'default' ? house.documents.list<AclDoc>('network-acls/') : [];

export const volumesOf = (house: Needs, project: string): VolumeDoc[] =>
  allVolumes(house).filter((doc) => doc.project === project);

/** Empty but for the default profile, which comes and goes with the project. */
export const isEmpty = (house: Needs, project: string): boolean =>
  projectUsers(house, project).every((url) => url === profileUrl('default', project));
