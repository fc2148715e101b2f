/** What a project's new name, or its end, means for the certificates that are confined to it. */
import type { House } from '../house.ts';
import { type CertificateDoc, keys } from '../model.ts';
import type { Change } from '../ports/store.ts';
import { allCertificates } from './find.ts';

/** Without `to` the project is gone: a later one of the same name is another. */
export function certificateChanges(house: Pick<House, 'documents'>, from: string, to?: string): Change[] {
  return allCertificates(house)
    .filter(({ projects }) => projects.includes(from))
    .map((doc): Change => {
      const others = doc.projects.filter((name) => name !== from);
      const value: CertificateDoc = { ...doc, projects: to === undefined ? others : [...others, to] };
      return { put: keys.certificate(doc.fingerprint), value };
    });
}
