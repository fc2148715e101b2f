/**
 * Refreshing: an image that came by an alias is fetched anew when the alias means another one by now. The new image takes the
 * aliases; the old one stays as long as an instance was made from it.
 */
import { fail } from '../../../api/errors.ts';
import { type AliasDoc, type ImageDoc, keys } from '../../model.ts';
import type { Task } from '../../operations/registry.ts';
import { type DeleteImageNeeds, deleteImage, isInUse } from '../delete.ts';
import { aliasesOf, aliasKey } from '../find.ts';
import { findRemoteImage } from './find.ts';
import { type ObtainNeeds, obtainImage } from './obtain.ts';
import { sourceOfUpdate } from './source.ts';

export type RefreshNeeds = ObtainNeeds & DeleteImageNeeds;

/** Tells whether there was a newer one. */
export async function refreshImage(house: RefreshNeeds, old: ImageDoc, task: Task): Promise<boolean> {
  const { updateSource } = old;
  if (!updateSource) return fail('image.no-update');
  const found = await findRemoteImage(house, old.project, sourceOfUpdate(updateSource), task.signal);
  if (found.fingerprint === old.fingerprint) return false;
  const extras = {
    filename: '',
    public: old.public,
    autoUpdate: old.autoUpdate,
    properties: {},
    profiles: old.profiles,
    expiresAt: '',
    aliases: [],
    cached: old.cached ?? false,
    updateSource,
  };
  const { doc } = await obtainImage(house, old.project, updateSource.server, found, extras, task);
  await replace(house, old, doc);
  return true;
}

async function replace(house: RefreshNeeds, old: ImageDoc, doc: ImageDoc): Promise<void> {
  const oldKey = keys.image(old.project, old.fingerprint);
  const current = house.documents.get<ImageDoc>(oldKey);
  // Deleted meanwhile: whoever did it wants neither the old one nor its aliases.
  if (!current) return;
  const aliases = aliasesOf(house, current).map((alias): AliasDoc => ({ ...alias, target: doc.fingerprint }));
  const inUse = isInUse(house, old.fingerprint);
  await house.documents.commit([
    {
      put: keys.image(doc.project, doc.fingerprint),
      value: { ...doc, lastUsedAt: doc.lastUsedAt || current.lastUsedAt },
    },
    { put: oldKey, value: { ...current, autoUpdate: false, supersededBy: doc.fingerprint } },
    ...aliases.map((alias) => ({ put: aliasKey(alias), value: alias })),
  ]);
  if (!inUse) await deleteImage(house, current);
}
