/** Images as the API shows them. */
import type { Image, ImageAliasesEntry } from '../../api/resources/images.ts';
import { zeroTime } from '../../api/schema.ts';
import type { House } from '../house.ts';
import { type AliasDoc, type ImageDoc, keys, type UpdateSource } from '../model.ts';
import { inProject } from '../projects/url.ts';
import { aliasesOf } from './find.ts';

export function imageView(house: Pick<House, 'documents'>, doc: ImageDoc): Image {
  return {
    auto_update: doc.autoUpdate,
    properties: doc.properties,
    public: doc.public,
    expires_at: doc.expiresAt || zeroTime,
    profiles: doc.profiles,
    aliases: aliasesOf(house, doc).map(({ name, description }) => ({ name, description })),
    architecture: doc.architecture,
    cached: doc.cached ?? false,
    filename: doc.filename,
    fingerprint: doc.fingerprint,
    size: doc.sizeBytes,
    ...(doc.updateSource ? { update_source: updateSourceView(doc.updateSource) } : {}),
    type: doc.type,
    created_at: doc.createdAt,
    last_used_at: doc.lastUsedAt || zeroTime,
    uploaded_at: doc.uploadedAt,
    project: doc.project,
  };
}

export const aliasView = (house: Pick<House, 'documents'>, doc: AliasDoc): ImageAliasesEntry => ({
  name: doc.name,
  description: doc.description,
  target: doc.target,
  type: house.documents.get<ImageDoc>(keys.image(doc.project, doc.target))?.type ?? 'container',
});

const updateSourceView = ({ alias, certificate, protocol, server, imageType }: UpdateSource) => ({
  alias,
  certificate,
  protocol,
  server,
  image_type: imageType,
});

export const imageUrl = (fingerprint: string, project = 'default') => inProject(`/1.0/images/${fingerprint}`, project);
export const aliasUrl = (name: string, project = 'default') =>
  inProject(`/1.0/images/aliases/${encodeURIComponent(name)}`, project);
