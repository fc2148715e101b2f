/** Who sees which image: trusted callers all of them, others those that are public, and one whose secret they show. */
import { fail } from '../../api/errors.ts';
import type { Identity } from '../../api/handlers.ts';
import type { House } from '../house.ts';
import type { ImageDoc } from '../model.ts';
import { allImages, findByFingerprint } from './find.ts';
import { findReadToken } from './secrets.ts';

type Needs = Pick<House, 'documents' | 'operations' | 'clock'>;

export function visibleImages(
  house: Needs,
  project: string | undefined,
  identity: Pick<Identity, 'trusted'>,
): ImageDoc[] {
  return allImages(house, project).filter((doc) => identity.trusted || doc.public);
}

/** What a caller may not see is not there for them, neither are its first letters. */
export function findVisible(
  house: Needs,
  project: string,
  start: string,
  identity: Pick<Identity, 'trusted'>,
  secret = '',
): ImageDoc {
  if (identity.trusted) return findByFingerprint(house, project, start);
  const found = /^[0-9a-f]{1,64}$/.test(start)
    ? allImages(house, project).filter(
        (doc) =>
          doc.fingerprint.startsWith(start) &&
          (doc.public || findReadToken(house, project, doc.fingerprint, secret) !== undefined),
      )
    : [];
  if (found.length > 1) return fail('image.ambiguous', { fingerprint: start });
  return found[0] ?? fail('image.not-found', { name: start });
}
