/** `POST /1.0/images` with the source of another server (pull), or with the address of a file. */
import type { ImagesPost } from '../../../api/resources/images.ts';
import { type ImageDoc, keys } from '../../model.ts';
import type { Task } from '../../operations/registry.ts';
import { allowImageServer } from '../../projects/rules.ts';
import { checkAliases, type ImageExtras, newAlias } from '../add.ts';
import { aliasKey } from '../find.ts';
import { findDirectImage } from './direct-image.ts';
import { findRemoteImage, refuseRemote } from './find.ts';
import { type ObtainNeeds, obtainImage } from './obtain.ts';
import type { RemoteImage } from './remote-image.ts';
import { type RemoteSource, updateSourceOf } from './source.ts';

export async function pullImage(
  house: ObtainNeeds,
  project: string,
  source: RemoteSource,
  extras: ImageExtras,
  task: Task,
): Promise<void> {
  const found = await findRemoteImage(house, project, source, task.signal);
  const updateSource = source.secret ? undefined : updateSourceOf(source, found.fingerprint);
  await enterFound(house, project, source.server, found, { ...extras, updateSource }, task);
}

export async function importAddress(
  house: ObtainNeeds,
  project: string,
  address: string,
  extras: ImageExtras,
  task: Task,
): Promise<void> {
  allowImageServer(house, project, address);
  const found = await findDirectImage(house, address, task.signal).catch((error) => refuseRemote(address, error));
  await enterFound(house, project, address, found, extras, task);
}

/** An image that is here already is given what the caller says of it: copying twice does no harm. */
async function enterFound(
  house: ObtainNeeds,
  project: string,
  server: string,
  found: RemoteImage,
  extras: ImageExtras,
  task: Task,
): Promise<void> {
  const properties = Object.keys(extras.properties).length > 0 ? extras.properties : found.properties;
  const { doc, known } = await obtainImage(house, project, server, { ...found, properties }, extras, task);
  if (known) await overrideImage(house, doc, { ...extras, properties });
  const { fingerprint, sizeBytes } = doc;
  task.setMetadata({ fingerprint, size: String(sizeBytes), download_progress: null });
}

async function overrideImage(house: ObtainNeeds, doc: ImageDoc, extras: ImageExtras): Promise<void> {
  checkAliases(house, doc.project, extras.aliases, doc.type);
  const { cached: _, ...kept } = doc;
  const next: ImageDoc = {
    ...kept,
    public: extras.public,
    autoUpdate: extras.autoUpdate,
    properties: Object.keys(extras.properties).length > 0 ? extras.properties : doc.properties,
    ...(extras.updateSource ? { updateSource: extras.updateSource } : {}),
  };
  const aliases = extras.aliases.map((alias) =>
    newAlias({ ...alias, project: doc.project, target: doc.fingerprint }, doc.type),
  );
  await house.documents.commit([
    { put: keys.image(doc.project, doc.fingerprint), value: next },
    ...aliases.map((alias) => ({ put: aliasKey(alias), value: alias })),
  ]);
}

/** What a token for a pushed image has to keep until the image comes. */
export const pushedMetadata = (body: ImagesPost, extras: ImageExtras) => ({
  aliases: extras.aliases,
  expires_at: body.expires_at ?? '0001-01-01T00:00:00Z',
  properties: extras.properties,
  public: extras.public,
  ...(body.profiles && body.profiles.length > 0 ? { profiles: body.profiles } : {}),
});
