/** Who uses a profile, and its address. */
import type { House } from '../house.ts';
import { allInstances } from '../instances/find.ts';
import type { InstanceDoc, ProfileDoc } from '../model.ts';
import { projectFor } from '../projects/features.ts';
import { inProject } from '../projects/url.ts';

export const profileUrl = (name: string, project: string): string =>
  inProject(`/1.0/profiles/${encodeURIComponent(name)}`, project);

/** Instances of all projects that use this profile: those of `default` serve projects that have none of their own. */
export function profileUsers(
  house: Pick<House, 'documents'>,
  profile: Pick<ProfileDoc, 'name' | 'project'>,
): InstanceDoc[] {
  return allInstances(house).filter(
    (doc) => doc.profiles.includes(profile.name) && projectFor(house, 'profiles', doc.project) === profile.project,
  );
}
