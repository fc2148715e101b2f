/** Adding images: received files become a document with aliases; built distributions too. */
import { fail } from '../../api/errors.ts';
import type { ImagesPost } from '../../api/resources/images.ts';
import { expiryTime } from '../expiry-time.ts';
import type { House } from '../house.ts';
import { plainConfig } from '../instances/config.ts';
import { type AliasDoc, type ConfigMap, type ImageDoc, keys, type UpdateSource } from '../model.ts';
import type { Task } from '../operations/registry.ts';
import type { ReceivedImage } from '../ports/images.ts';
import { enterProject } from '../projects/enter.ts';
import { aliasKey, imageOfContent, imagesOwner, lookUpAlias } from './find.ts';
import { refuseImage } from './refusal.ts';
import { imageUrl } from './view.ts';

export type AddNeeds = Pick<House, 'documents' | 'images' | 'clock' | 'queue' | 'events'>;

/** What the caller says about a new image, whatever way it comes. */
export type ImageExtras = {
  filename: string;
  public: boolean;
  autoUpdate: boolean;
  properties: ConfigMap;
  profiles: string[];
  expiresAt: string;
  aliases: { name: string; description: string }[];
  cached?: boolean;
  updateSource?: UpdateSource | undefined;
};

export function extrasOf(body: ImagesPost): ImageExtras {
  return {
    filename: body.filename ?? '',
    public: body.public ?? false,
    autoUpdate: body.auto_update ?? false,
    properties: plainConfig(body.properties),
    profiles: body.profiles ?? ['default'],
    expiresAt: expiryTime(body.expires_at),
    aliases: (body.aliases ?? []).map(({ name, description }) => ({ name, description: description ?? '' })),
  };
}

export function aliasNameError(name: string): string | undefined {
  if (name === '' || name.length > 128) return 'it needs 1 to 128 characters';
  return /^[A-Za-z0-9][A-Za-z0-9._/+:-]*$/.test(name)
    ? undefined
    : 'letters, digits and . _ / + : - are allowed, beginning with a letter or digit';
}

export function checkAliases(
  house: Pick<House, 'documents'>,
  project: string,
  aliases: readonly { name: string }[],
  type: ImageDoc['type'],
): void {
  for (const { name } of aliases) {
    const reason = aliasNameError(name);
    if (reason) fail('alias.name', { name, reason });
    if (lookUpAlias(house, project, name, type)) fail('alias.exists', { name });
  }
}

/** One at a time enters or deletes an image with the same content: its files are those of all projects. */
export const imageQueue = (fingerprint: string): string => `image:${fingerprint}`;

/** Enters a received image. A known fingerprint is refused and its files stay with the image that is there. */
export async function enterImage(
  house: AddNeeds,
  project: string,
  received: ReceivedImage,
  extras: ImageExtras,
  task: Task,
): Promise<void> {
  const { fingerprint, sizeBytes } = received;
  const owner = imagesOwner(house, project);
  // Clients want to know which one was refused, too.
  task.setMetadata({ fingerprint, size: String(sizeBytes) });
  await house.queue(imageQueue(fingerprint), async () => {
    if (house.documents.get(keys.image(owner, fingerprint))) fail('image.exists');
    // Another project may have deleted its image of the same content, and the files with it, since they were received.
    if (!(await house.images.list()).includes(fingerprint)) fail('image.not-found', { name: fingerprint });
    try {
      await storeImage(house, owner, received, extras);
    } catch (error) {
      // Files without a document would lie there until the next start.
      if (!imageOfContent(house, fingerprint)) await house.images.remove(fingerprint);
      throw error;
    }
  });
  house.events.lifecycle(project, {
    action: 'image-created',
    source: imageUrl(fingerprint, project),
    name: fingerprint,
    context: { type: received.type },
  });
}

async function storeImage(
  house: AddNeeds,
  project: string,
  received: ReceivedImage,
  extras: ImageExtras,
): Promise<void> {
  const now = house.clock.now().toISOString();
  const { metadata, fingerprint, sizeBytes, split } = received;
  const doc: ImageDoc = {
    fingerprint,
    project,
    sizeBytes,
    split,
    type: received.type,
    filename: extras.filename || `${fingerprint.slice(0, 12)}.tar`,
    architecture: metadata.architecture,
    properties: { ...metadata.properties, ...extras.properties },
    templates: metadata.templates,
    public: extras.public,
    autoUpdate: extras.autoUpdate,
    profiles: extras.profiles,
    createdAt: metadata.creationDate.toISOString(),
    uploadedAt: now,
    expiresAt: extras.expiresAt || (metadata.expiryDate?.toISOString() ?? ''),
    lastUsedAt: '',
    ...(extras.cached ? { cached: true } : {}),
    ...(extras.updateSource ? { updateSource: extras.updateSource } : {}),
  };
  checkAliases(house, project, extras.aliases, received.type);
  const aliases = extras.aliases.map((alias) => newAlias({ ...alias, project, target: fingerprint }, received.type));
  await enterProject(house, project, [
    { put: keys.image(project, fingerprint), value: doc, expect: 0 },
    ...aliases.map((alias) => ({ put: aliasKey(alias), value: alias })),
  ]);
}

export const newAlias = (alias: Omit<AliasDoc, 'type'>, type: ImageDoc['type']): AliasDoc =>
  type === 'container' ? alias : { ...alias, type };

export const progressOf = (task: Task, key: string) => ({
  progress: (text: string) => task.setMetadata({ [key]: text }),
  signal: task.signal,
});

/** Builds a distribution's image from its own packages. A second build of the same gives the alias to the new one. */
export async function buildImage(
  house: AddNeeds,
  project: string,
  { alias, type }: { alias: string; type: ImageDoc['type'] },
  extras: ImageExtras,
  task: Task,
): Promise<void> {
  const how = { type, ...progressOf(task, 'build_progress') };
  const received = await house.images.build(alias, how).catch(refuseImage);
  const owner = imagesOwner(house, project);
  if (house.documents.get(keys.image(owner, received.fingerprint)))
    return task.setMetadata({ fingerprint: received.fingerprint, size: String(received.sizeBytes) });
  const names = new Set([alias, ...extras.aliases.map(({ name }) => name)]);
  const wanted = [...names]
    .filter((name) => !lookUpAlias(house, project, name, type))
    .map((name) => ({ name, description: '' }));
  await enterImage(
    house,
    project,
    received,
    { ...extras, filename: `${alias.replaceAll('/', '-')}.tar`, aliases: wanted },
    task,
  );
  const known = lookUpAlias(house, project, alias, type);
  if (known && known.target !== received.fingerprint)
    await house.documents.put(aliasKey(known), { ...known, target: received.fingerprint });
}
