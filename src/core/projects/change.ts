/** Making, changing, renaming and removing projects. Callers hold `projectQueue`. */
import { isTrue } from '../../api/config-keys/key.ts';
import { fail } from '../../api/errors.ts';
import { projectNameError } from '../../lib/names.ts';
import { certificateChanges } from '../certificates/project-change.ts';
import type { House } from '../house.ts';
import { type ConfigMap, keys, type ProfileDoc, type ProjectDoc } from '../model.ts';
import type { Change } from '../ports/store.ts';
import { checkFeatureChange, checkProjectConfig, withInitialFeatures } from './config.ts';
import { lookUpProject } from './features.ts';
import { allowProject } from './rules.ts';
import { isEmpty } from './used-by.ts';

type Needs = Pick<House, 'documents'>;

export function findProject(house: Needs, name: string): ProjectDoc {
  return lookUpProject(house, name) ?? fail('project.not-found', { name });
}

export async function createProject(
  house: Needs,
  { name, description, config: given }: { name: string; description: string; config: ConfigMap },
): Promise<void> {
  checkName(house, name);
  const config = withInitialFeatures(given);
  checkProjectConfig(house, name, config);
  const doc: ProjectDoc = { name, description, config };
  await house.documents.commit([{ put: keys.project(name), value: doc, expect: 0 }, ...defaultProfile(doc)]);
}

function checkName(house: Needs, name: string): void {
  const reason = projectNameError(name);
  if (reason) fail('project.name', { reason });
  if (lookUpProject(house, name)) fail('project.exists', { name });
}

function defaultProfile({ name, config }: ProjectDoc): Change[] {
  if (!isTrue(config['features.profiles'])) return [];
  const description = `Default Gasthof profile for project ${name}`;
  const profile: ProfileDoc = { name: 'default', project: name, description, config: {}, devices: {} };
  return [{ put: keys.profile(name, 'default'), value: profile }];
}

export async function changeProject(
  house: Needs,
  old: ProjectDoc,
  part: Pick<ProjectDoc, 'description' | 'config'>,
): Promise<void> {
  const doc: ProjectDoc = { ...old, ...part };
  checkFeatureChange(house, old, doc.config);
  checkProjectConfig(house, doc.name, doc.config);
  allowProject(house, old.config, doc);
  const had = isTrue(old.config['features.profiles']);
  const has = isTrue(doc.config['features.profiles']);
  const profile: Change[] = had && !has ? [{ delete: keys.profile(doc.name, 'default') }] : [];
  await house.documents.commit([
    { put: keys.project(doc.name), value: doc },
    ...(has && !had ? defaultProfile(doc) : profile),
  ]);
}

export async function renameProject(house: Needs, from: string, to: string): Promise<void> {
  const doc = findProject(house, from);
  checkName(house, to);
  if (!isEmpty(house, from)) fail('project.not-empty', { action: 'renamed' });
  const profile = house.documents.get<ProfileDoc>(keys.profile(from, 'default'));
  await house.documents.commit([
    { delete: keys.project(from) },
    { put: keys.project(to), value: { ...doc, name: to }, expect: 0 },
    ...certificateChanges(house, from, to),
    ...(profile
      ? [
          { delete: keys.profile(from, 'default') },
          { put: keys.profile(to, 'default'), value: { ...profile, project: to } },
        ]
      : []),
  ]);
}

/** The project with its default profile; it has to be empty. */
export async function removeProject(house: Needs, name: string): Promise<void> {
  if (!isEmpty(house, name)) fail('project.not-empty', { action: 'removed.' });
  const profile = house.documents.get(keys.profile(name, 'default'));
  await house.documents.commit([
    { delete: keys.project(name) },
    ...certificateChanges(house, name),
    ...(profile ? [{ delete: keys.profile(name, 'default') }] : []),
  ]);
}
