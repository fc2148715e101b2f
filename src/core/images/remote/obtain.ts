/**
 * Gets an image of another server into this one. Whoever wants the same image meanwhile waits for the one download; what
 * is here already, in whatever project, is not fetched again.
 */
import { fail } from '../../../api/errors.ts';
import type { House } from '../../house.ts';
import { type ImageDoc, keys } from '../../model.ts';
import type { Task } from '../../operations/registry.ts';
import type { ReceivedImage } from '../../ports/images.ts';
import { type AddNeeds, enterImage, type ImageExtras } from '../add.ts';
import { imageOfContent, imagesOwner } from '../find.ts';
import { downloadProgress } from './download-progress.ts';
import { refuseRemote } from './find.ts';
import type { RemoteImage } from './remote-image.ts';

export type ObtainNeeds = AddNeeds & Pick<House, 'remotes' | 'facts'>;

export type Obtained = {
  doc: ImageDoc;
  /** It was here before. */
  known: boolean;
};

export async function obtainImage(
  house: ObtainNeeds,
  project: string,
  server: string,
  found: RemoteImage,
  extras: ImageExtras,
  task: Task,
): Promise<Obtained> {
  const key = keys.image(imagesOwner(house, project), found.fingerprint);
  const lookUp = () => house.documents.get<ImageDoc>(key);
  return house.queue(`fetch:${found.fingerprint}`, async () => {
    task.signal.throwIfAborted();
    const known = lookUp();
    if (known) return { doc: known, known: true };
    const kept = imageOfContent(house, found.fingerprint);
    const received = kept ? receivedAs(kept) : await fetchImage(house, server, found, task);
    await enterImage(house, project, describedBy(found, received), { ...extras, filename: found.filename }, task);
    return { doc: lookUp() ?? fail('image.not-found', { name: found.fingerprint }), known: false };
  });
}

function fetchImage(house: ObtainNeeds, server: string, found: RemoteImage, task: Task): Promise<ReceivedImage> {
  const progress = downloadProgress(house.clock, found.sizeBytes, (text) =>
    task.setMetadata({ download_progress: text }),
  );
  return found.fetch(house.images, { progress, signal: task.signal }).catch((error) => refuseRemote(server, error));
}

/** What the server says of its image counts more than what the file says. */
function describedBy(found: RemoteImage, received: ReceivedImage): ReceivedImage {
  const { properties, createdAt, expiresAt } = found;
  const { metadata } = received;
  return {
    ...received,
    metadata: {
      ...metadata,
      properties: Object.keys(properties).length > 0 ? properties : metadata.properties,
      creationDate: createdAt.getTime() > 0 ? createdAt : metadata.creationDate,
      ...(expiresAt ? { expiryDate: expiresAt } : {}),
    },
  };
}

/** The files are here for another project. */
function receivedAs(doc: ImageDoc): ReceivedImage {
  const { fingerprint, sizeBytes, split, type, architecture, properties, templates } = doc;
  const metadata = { architecture, creationDate: new Date(doc.createdAt), properties, templates };
  return { fingerprint, sizeBytes, split, type, metadata };
}
