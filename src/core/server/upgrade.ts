/** Documents that an older Gasthof has written are brought to their present place, before anything else reads them. */
import type { House } from '../house.ts';
import { type ImageDoc, keys } from '../model.ts';

export async function upgradeDocuments(house: Pick<House, 'documents'>): Promise<void> {
  // Images were kept without their project when there was only one.
  const old = house.documents
    .list<ImageDoc>('images/')
    .filter((doc) => house.documents.get(`images/${doc.fingerprint}`));
  if (old.length === 0) return;
  await house.documents.commit(
    old.flatMap((doc) => [
      { delete: `images/${doc.fingerprint}` },
      { put: keys.image(doc.project, doc.fingerprint), value: doc },
    ]),
  );
}
