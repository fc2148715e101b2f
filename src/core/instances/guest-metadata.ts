/**
 * What an instance knows about itself from its image: properties, templates and their texts. Each has a copy of its own; equal
 * copies are stored once, under the hash of their content, and never change. What nobody refers to any more is swept away
 * when the daemon starts.
 */
import { createHash } from 'node:crypto';
import type { House } from '../house.ts';
import { imageOfContent } from '../images/find.ts';
import {
  type GuestMetadata,
  type ImageDoc,
  type InstanceDoc,
  keys,
  type MetadataDoc,
  type SnapshotDoc,
} from '../model.ts';

type Needs = Pick<House, 'documents' | 'images'>;

/** Of the instance, or of one of its snapshots. */
export async function metadataOf(
  house: Needs,
  doc: Pick<InstanceDoc, 'metadata' | 'config' | 'architecture'> & { createdAt?: string },
): Promise<GuestMetadata> {
  const own = doc.metadata === undefined ? undefined : house.documents.get<MetadataDoc>(keys.metadata(doc.metadata));
  if (own) return own;
  const image = imageOfContent(house, doc.config['volatile.base_image'] ?? '');
  return image ? imageMetadata(house, image) : noMetadata(doc);
}

/** Of an instance that was made from nothing. */
export function noMetadata({ architecture, createdAt }: { architecture: string; createdAt?: string }): GuestMetadata {
  return { architecture, creationDate: seconds(createdAt), expiryDate: 0, properties: {}, templates: {}, files: {} };
}

/** Stores it when it is not there yet; the hash is what instances and snapshots keep. */
export async function keepMetadata(house: Pick<House, 'documents'>, metadata: GuestMetadata): Promise<string> {
  const { architecture, creationDate, expiryDate, properties, templates, files } = metadata;
  const content: GuestMetadata = { architecture, creationDate, expiryDate, properties, templates, files };
  const hash = createHash('sha256').update(canonical(content)).digest('hex');
  const key = keys.metadata(hash);
  if (!house.documents.get(key)) await house.documents.put(key, { hash, ...content } satisfies MetadataDoc);
  return hash;
}

/** Reading texts out of an image means going through its archive: once for each image is enough. */
const known = new WeakMap<object, Map<string, Promise<GuestMetadata>>>();

export function imageMetadata(house: Needs, image: ImageDoc): Promise<GuestMetadata> {
  const ours = known.get(house.images) ?? new Map<string, Promise<GuestMetadata>>();
  known.set(house.images, ours);
  const read = ours.get(image.fingerprint) ?? readImage(house, image);
  ours.set(image.fingerprint, read);
  read.catch(() => ours.delete(image.fingerprint));
  return read;
}

async function readImage(house: Needs, image: ImageDoc): Promise<GuestMetadata> {
  const names = [...new Set(Object.values(image.templates).map(({ template }) => template))];
  const texts: [string, string][] = [];
  for (const name of names.sort()) {
    const text = await house.images.template(image.fingerprint, name);
    if (text !== undefined) texts.push([name, text]);
  }
  return {
    architecture: image.architecture,
    creationDate: seconds(image.createdAt),
    expiryDate: seconds(image.expiresAt),
    properties: image.properties,
    templates: image.templates,
    files: Object.fromEntries(texts),
  };
}

/** For the start of the daemon: nothing else may change documents meanwhile. */
export async function sweepMetadata(house: Pick<House, 'documents'>): Promise<void> {
  const used = new Set([
    ...house.documents.list<InstanceDoc>('instances/').map(({ metadata }) => metadata),
    ...house.documents.list<SnapshotDoc>('snapshots/').map(({ state }) => state.metadata),
  ]);
  for (const { hash } of house.documents.list<MetadataDoc>('metadata/'))
    if (!used.has(hash)) await house.documents.delete(keys.metadata(hash));
}

/** Seconds since 1970; 0 for none. */
function seconds(time: string | undefined): number {
  const ms = time ? Date.parse(time) : 0;
  return ms > 0 ? Math.floor(ms / 1000) : 0;
}

/** Equal content gives equal text, in whatever order it was made. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return `{${entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`)
    .join(',')}}`;
}
