/** Expanded config and devices: the profiles in their order, then the instance's own. */
import { fail } from '../../api/errors.ts';
import type { House } from '../house.ts';
import { type ConfigMap, type DevicesMap, type InstanceDoc, keys, type ProfileDoc } from '../model.ts';
import { projectFor } from '../projects/features.ts';

export type Expanded = { config: ConfigMap; devices: DevicesMap };

export function checkProfiles(names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) fail('profile.twice', { name: twice });
}

/** Those of the profiles that are there: a snapshot may name some that have gone. */
export function knownProfiles(house: Pick<House, 'documents'>, project: string, names: readonly string[]): string[] {
  const owner = projectFor(house, 'profiles', project);
  return names.filter((name) => house.documents.get(keys.profile(owner, name)) !== undefined);
}

export function expand(
  house: Pick<House, 'documents'>,
  doc: Pick<InstanceDoc, 'project' | 'profiles' | 'config' | 'devices'>,
): Expanded {
  const config: ConfigMap = {};
  const devices: DevicesMap = {};
  const owner = projectFor(house, 'profiles', doc.project);
  for (const name of doc.profiles) {
    const profile = house.documents.get<ProfileDoc>(keys.profile(owner, name)) ?? fail('profile.not-found', { name });
    Object.assign(config, profile.config);
    Object.assign(devices, profile.devices);
  }
  return { config: { ...config, ...doc.config }, devices: { ...devices, ...doc.devices } };
}
