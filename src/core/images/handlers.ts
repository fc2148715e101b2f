/** Image routes that list, show, change and delete. */
import type { Handlers } from '../../api/handlers.ts';
import type { ImagePut } from '../../api/resources/images.ts';
import type { Routes } from '../../api/routes.ts';
import { expiryTime } from '../expiry-time.ts';
import type { House } from '../house.ts';
import { plainConfig } from '../instances/config.ts';
import { listing, wantsAllProjects } from '../listing.ts';
import { type ImageDoc, keys } from '../model.ts';
import { deleteImage } from './delete.ts';
import { aliasesOf, findByFingerprint } from './find.ts';
import { aliasUrl, imageUrl, imageView } from './view.ts';
import { findVisible, visibleImages } from './visible.ts';

type One = '/1.0/images/{fingerprint}';
type Own = Pick<
  Handlers<Routes>,
  'GET /1.0/images' | 'GET /1.0/images/recipes' | `${'GET' | 'PUT' | 'PATCH' | 'DELETE'} ${One}`
>;

export function imageHandlers(house: House): Own {
  const change = async (
    project: string,
    start: string,
    checkMatch: (current: unknown) => void,
    patch: (doc: ImageDoc) => Partial<ImageDoc>,
  ) => {
    const doc = findByFingerprint(house, project, start);
    checkMatch(imageView(house, doc));
    await house.documents.put(keys.image(doc.project, doc.fingerprint), { ...doc, ...patch(doc) });
    house.events.lifecycle(project, {
      action: 'image-updated',
      source: imageUrl(doc.fingerprint, project),
      name: doc.fingerprint,
    });
    return {};
  };
  return {
    'GET /1.0/images': ({ query, project, identity }) =>
      listing(
        visibleImages(house, wantsAllProjects(query) ? undefined : project, identity).map((doc) => ({
          url: imageUrl(doc.fingerprint, doc.project),
          object: () => imageView(house, doc),
        })),
        query,
      ),
    'GET /1.0/images/recipes': () => house.images.recipes(),
    'GET /1.0/images/{fingerprint}': ({ params, query, project, identity }) =>
      imageView(house, findVisible(house, project, params.fingerprint, identity, query.secret)),
    'PUT /1.0/images/{fingerprint}': ({ params, body, project, checkMatch }) =>
      change(project, params.fingerprint, checkMatch, () => ({
        public: false,
        autoUpdate: false,
        properties: {},
        expiresAt: '',
        ...readPatch(body),
      })),
    'PATCH /1.0/images/{fingerprint}': ({ params, body, project, checkMatch }) =>
      change(project, params.fingerprint, checkMatch, (doc) => {
        const patch = readPatch(body);
        return patch.properties ? { ...patch, properties: { ...doc.properties, ...patch.properties } } : patch;
      }),
    'DELETE /1.0/images/{fingerprint}'({ params, project }) {
      const doc = findByFingerprint(house, project, params.fingerprint);
      return house.operations.start(
        { description: 'Deleting image', project, resources: { images: [imageUrl(doc.fingerprint, project)] } },
        async () => {
          const aliases = aliasesOf(house, doc);
          await deleteImage(house, doc);
          for (const { name } of aliases)
            house.events.lifecycle(project, {
              action: 'image-alias-deleted',
              source: aliasUrl(name, project),
              name,
            });
          house.events.lifecycle(project, {
            action: 'image-deleted',
            source: imageUrl(doc.fingerprint, project),
            name: doc.fingerprint,
          });
        },
      );
    },
  };
}

function readPatch(body: ImagePut): Partial<ImageDoc> {
  return {
    ...(body.public === undefined ? {} : { public: body.public }),
    ...(body.auto_update === undefined ? {} : { autoUpdate: body.auto_update }),
    ...(body.properties ? { properties: plainConfig(body.properties) } : {}),
    ...(body.profiles ? { profiles: body.profiles } : {}),
    ...(body.expires_at === undefined ? {} : { expiresAt: expiryTime(body.expires_at) }),
  };
}
