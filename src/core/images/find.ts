/** Finding images by alias, fingerprint, or a unique beginning of one. */
import { fail } from '../../api/errors.ts';
import type { House } from '../house.ts';
import { type AliasDoc, type ImageDoc, keys } from '../model.ts';
import { allProjects, projectFor } from '../projects/features.ts';

type Needs = Pick<House, 'documents'>;

export function allImages(house: Needs, project?: string): ImageDoc[] {
  if (project === undefined) return house.documents.list<ImageDoc>('images/');
  return house.documents.list<ImageDoc>(`images/${imagesOwner(house, project)}/`);
}

/** The project whose images and aliases are used in `project`. */
export const imagesOwner = (house: Needs, project: string): string => projectFor(house, 'images', project);

/** The image with this content in any project: what its files say about it is the same in all. */
export function imageOfContent(house: Needs, fingerprint: string): ImageDoc | undefined {
  for (const { name } of allProjects(house)) {
    const doc = house.documents.get<ImageDoc>(keys.image(name, fingerprint));
    if (doc) return doc;
  }
  return undefined;
}

export const aliasesOf = (house: Needs, image: Pick<ImageDoc, 'project' | 'fingerprint'>): AliasDoc[] =>
  house.documents.list<AliasDoc>(`aliases/${image.project}/`).filter((doc) => doc.target === image.fingerprint);

export const aliasKey = ({ project, name, type }: Pick<AliasDoc, 'project' | 'name' | 'type'>): string =>
  keys.alias(project, name, type);

/** The alias for images of this type; without one that of containers counts more. */
export function lookUpAlias(
  house: Needs,
  project: string,
  name: string,
  type?: ImageDoc['type'],
): AliasDoc | undefined {
  const owner = imagesOwner(house, project);
  const types = type === undefined ? (['container', 'virtual-machine'] as const) : [type];
  for (const one of types) {
    const doc = house.documents.get<AliasDoc>(keys.alias(owner, name, one));
    if (doc) return doc;
  }
  return undefined;
}

export function findByFingerprint(house: Needs, project: string, start: string): ImageDoc {
  if (!/^[0-9a-f]{1,64}$/.test(start)) return fail('image.not-found', { name: start });
  const found = allImages(house, project).filter((doc) => doc.fingerprint.startsWith(start));
  if (found.length > 1) return fail('image.ambiguous', { fingerprint: start });
  return found[0] ?? fail('image.not-found', { name: start });
}

/** An alias wins over a fingerprint that begins with the same letters. */
export function findImage(house: Needs, project: string, wanted: string, type?: ImageDoc['type']): ImageDoc {
  const alias = (type && lookUpAlias(house, project, wanted, type)) ?? lookUpAlias(house, project, wanted);
  return findByFingerprint(house, project, alias?.target ?? wanted);
}
