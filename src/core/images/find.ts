/** Finding images by alias, fingerprint, or a unique beginning of one. */
import { fail } from '../../api/errors.ts';
import type { House } from '../house.ts';
import { type AliasDoc, type ImageDoc, keys } from '../model.ts';

type Needs = Pick<House, 'documents'>;

export function allImages(house: Needs, project?: string): ImageDoc[] {
  return house.documents.list<ImageDoc>('images/').filter((doc) => project === undefined || doc.project === project);
}

export const aliasesOf = (house: Needs, fingerprint: string): AliasDoc[] =>
  house.documents.list<AliasDoc>('aliases/').filter((doc) => doc.target === fingerprint);

export const lookUpAlias = (house: Needs, project: string, name: string): AliasDoc | undefined =>
  house.documents.get<AliasDoc>(keys.alias(project, name));

export function findByFingerprint(house: Needs, project: string, start: string): ImageDoc {
  if (!/^[0-9a-f]{1,64}$/.test(start)) return fail('image.not-found');
  const found = allImages(house, project).filter((doc) => doc.fingerprint.startsWith(start));
  if (found.length > 1) return fail('image.ambiguous', { fingerprint: start });
  return found[0] ?? fail('image.not-found');
}

/** An alias wins over a fingerprint that begins with the same letters. */
export function findImage(house: Needs, project: string, wanted: string): ImageDoc {
  const alias = lookUpAlias(house, project, wanted);
  return findByFingerprint(house, project, alias?.target ?? wanted);
}
