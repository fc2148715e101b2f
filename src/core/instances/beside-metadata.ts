/** What an instance knows from its image, in the form in which it lies beside root file systems that come and go. */
import type { House } from '../house.ts';
import type { InstanceDoc } from '../model.ts';
import type { BesideTree } from '../ports/backups.ts';
import { keepMetadata, metadataOf } from './guest-metadata.ts';

export async function besideOf(
  house: Pick<House, 'documents' | 'images'>,
  doc: Parameters<typeof metadataOf>[1],
): Promise<BesideTree> {
  const { files, creationDate, expiryDate, ...metadata } = await metadataOf(house, doc);
  const expires = expiryDate > 0 ? { expiryDate: new Date(expiryDate * 1000) } : {};
  return { metadata: { ...metadata, creationDate: new Date(creationDate * 1000), ...expires }, templates: files };
}

/** Nothing when nothing came: then it is what the image says, if that is here. */
export async function keepBeside(
  house: Pick<House, 'documents'>,
  { metadata, templates }: BesideTree,
): Promise<Pick<InstanceDoc, 'metadata'>> {
  if (!metadata) return {};
  const seconds = (date: Date | undefined) => Math.floor((date?.getTime() ?? 0) / 1000);
  const kept = await keepMetadata(house, {
    architecture: metadata.architecture,
    creationDate: seconds(metadata.creationDate),
    expiryDate: seconds(metadata.expiryDate),
    properties: metadata.properties,
    templates: metadata.templates,
    files: templates,
  });
  return { metadata: kept };
}
