/** The image that an instance is made from when it is on another server: fetched once and kept for the next. */
import { ApiError, fail } from '../../api/errors.ts';
import type { ImageDoc } from '../model.ts';
import type { Task } from '../operations/registry.ts';
import type { ImageExtras } from './add.ts';
import { allImages } from './find.ts';
import { findRemoteImage } from './remote/find.ts';
import { type ObtainNeeds, obtainImage } from './remote/obtain.ts';
import type { RemoteImage } from './remote/remote-image.ts';
import { type RemoteSource, updateSourceOf } from './remote/source.ts';
import { imageSettings } from './settings.ts';

export async function instanceImage(
  house: ObtainNeeds,
  project: string,
  source: RemoteSource,
  task: Task,
): Promise<ImageDoc> {
  const settings = imageSettings(house, project);
  const kept = allImages(house, project).find((doc) => !doc.supersededBy && cameFrom(doc, source));
  // It is kept up to date: nobody has to ask.
  if (kept?.autoUpdate && settings.updateEveryHours > 0) return checked(kept, source);
  const found = await findOrKeep(house, project, source, task, kept);
  if (!found) return checked(kept ?? fail('image.not-found', { name: source.name }), source);
  const updateSource = source.secret ? undefined : updateSourceOf(source, found.fingerprint);
  const extras: ImageExtras = {
    filename: '',
    public: false,
    autoUpdate: settings.updateCached && updateSource !== undefined,
    properties: {},
    profiles: ['default'],
    expiresAt: '',
    aliases: [],
    cached: true,
    updateSource,
  };
  const { doc } = await obtainImage(house, project, source.server, found, extras, task);
  task.setMetadata({ download_progress: null, fingerprint: null, size: null });
  return checked(doc, source);
}

/** Undefined when the server cannot be asked, and what was fetched from it earlier will do. */
async function findOrKeep(
  house: ObtainNeeds,
  project: string,
  source: RemoteSource,
  task: Task,
  kept: ImageDoc | undefined,
): Promise<RemoteImage | undefined> {
  try {
    return await findRemoteImage(house, project, source, task.signal);
  } catch (error) {
    if (!kept || !(error instanceof ApiError) || error.code !== 'image.remote') throw error;
    house.events.logging('warning', `${error.message}; the image that was fetched earlier is used`);
    return undefined;
  }
}

const cameFrom = ({ updateSource: from }: ImageDoc, { server, protocol, name, type }: RemoteSource): boolean =>
  from?.server === server && from.protocol === protocol && from.alias === name && from.imageType === type;

function checked(doc: ImageDoc, { type }: RemoteSource): ImageDoc {
  return doc.type === type ? doc : fail('image.type', { type: doc.type, instance: type });
}
