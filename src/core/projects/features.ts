/** Which project's documents a request works on: a project without a feature of its own uses what `default` has. */
import { isTrue } from '../../api/config-keys/key.ts';
import type { House } from '../house.ts';
import { type ConfigMap, keys, type ProjectDoc } from '../model.ts';

type Needs = Pick<House, 'documents'>;

export const projectFeatures = [
  'images',
  'profiles',
  'storage.volumes',
  'storage.buckets',
  'networks',
  'networks.zones',
] as const;
export type ProjectFeature = (typeof projectFeatures)[number];

/** It is there before it is stored: only a change of it makes a document. */
const defaultProject: ProjectDoc = {
  name: 'default',
  description: 'Default Gasthof project',
  config: Object.fromEntries(projectFeatures.map((name) => [`features.${name}`, 'true'])),
};

export function lookUpProject(house: Needs, name: string): ProjectDoc | undefined {
  const found = house.documents.get<ProjectDoc>(keys.project(name));
  return found ?? (name === 'default' ? defaultProject : undefined);
}

/** All projects, `default` first. */
export function allProjects(house: Needs): ProjectDoc[] {
  const stored = house.documents.list<ProjectDoc>('projects/').filter((doc) => doc.name !== 'default');
  return [lookUpProject(house, 'default') ?? defaultProject, ...stored];
}

export const projectConfig = (house: Needs, name: string): ConfigMap => lookUpProject(house, name)?.config ?? {};

/**
 * The project whose images, profiles, ... are used in `project`. The answer for an answer is the answer itself, so that
 * it may be asked at any depth.
 */
export function projectFor(house: Needs, feature: ProjectFeature, project: string): string {
  if (project === 'default') return project;
  return isTrue(projectConfig(house, project)[`features.${feature}`]) ? project : 'default';
}
