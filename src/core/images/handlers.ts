/** Image routes. */
import { fail } from '../../api/errors.ts';
import type { Handlers } from '../../api/handlers.ts';
import type { ImagePut } from '../../api/resources/images.ts';
import type { Routes } from '../../api/routes.ts';
import { joinMultipart } from '../../lib/multipart.ts';
import { expiryTime } from '../expiry-time.ts';
import type { House } from '../house.ts';
import { plainConfig } from '../instances/config.ts';
import { allInstances } from '../instances/find.ts';
import { listing, wantsAllProjects } from '../listing.ts';
import { type ImageDoc, keys } from '../model.ts';
import { buildImage, checkAliases, extrasOf, imageQueue, publishImage } from './add.ts';
import { aliasesOf, allImages, findByFingerprint, imageOfContent } from './find.ts';
import { enterUpload, receiveUpload } from './upload.ts';
import { imageUrl, imageView } from './view.ts';

type One = '/1.0/images/{fingerprint}';
type Own = Pick<
  Handlers<Routes>,
  | 'GET /1.0/images'
  | 'POST /1.0/images'
  | 'GET /1.0/images/recipes'
  | `${'GET' | 'PUT' | 'PATCH' | 'DELETE'} ${One}`
  | `GET ${One}/export`
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
  const visible = (doc: ImageDoc, trusted: boolean) => trusted || doc.public;
  return {
    'GET /1.0/images': ({ query, project, identity }) =>
      listing(
        allImages(house, wantsAllProjects(query) ? undefined : project)
          .filter((doc) => visible(doc, identity.trusted))
          .map((doc) => ({ url: imageUrl(doc.fingerprint, doc.project), object: () => imageView(house, doc) })),
        query,
      ),
    async 'POST /1.0/images'({ body, stream, headers, project, signal }) {
      const spec = { project, resources: {}, mayCancel: true };
      if (stream) {
        const received = await receiveUpload(house, headers, stream, signal);
        return house.operations.start({ ...spec, description: 'Downloading image' }, (task) =>
          enterUpload(house, project, received, headers, task),
        );
      }
      const source = body?.source ?? {};
      const extras = extrasOf(body ?? {});
      checkAliases(house, project, extras.aliases);
      if (source.type === 'build') {
        const alias = source.alias ?? '';
        const recipes = house.images.recipes();
        if (!recipes.some((recipe) => recipe.alias === alias))
          return fail('image.no-recipe', { alias, recipes: recipes.map((recipe) => recipe.alias).join(', ') });
        return house.operations.start({ ...spec, description: 'Building image' }, (task) =>
          buildImage(house, project, alias, extras, task),
        );
      }
      if (source.type === 'instance' || source.type === 'snapshot') {
        const from = publishedFrom(source.type, source.name ?? '');
        return house.operations.start({ ...spec, description: 'Publishing image' }, (task) =>
          publishImage(house, project, from, body, task),
        );
      }
      if (source.type === 'image' || source.type === 'url') return fail('request.not-implemented');
      return fail('image.invalid', {
        reason: `the source "${source.type ?? ''}" is not one of build, instance, snapshot`,
      });
    },
    'GET /1.0/images/recipes': () => house.images.recipes(),
    'GET /1.0/images/{fingerprint}'({ params, project, identity }) {
      const doc = findByFingerprint(house, project, params.fingerprint);
      return visible(doc, identity.trusted) ? imageView(house, doc) : fail('image.not-found');
    },
    'PUT /1.0/images/{fingerprint}': ({ params, body, project, checkMatch }) =>
      change(project, params.fingerprint, checkMatch, () => ({
        public: false,
        autoUpdate: false,
        properties: {},
        profiles: [],
        expiresAt: '',
        ...readPatch(body),
      })),
    'PATCH /1.0/images/{fingerprint}': ({ params, body, project, checkMatch }) =>
      change(project, params.fingerprint, checkMatch, (doc) => {
        const patch = readPatch(body);
        return patch.properties ? { ...patch, properties: { ...doc.properties, ...patch.properties } } : patch;
      }),
    'DELETE /1.0/images/{fingerprint}'({ params, project, identity }) {
      const doc = findByFingerprint(house, project, params.fingerprint);
      return house.operations.start(
        { description: 'Deleting image', project, resources: { images: [imageUrl(doc.fingerprint, project)] } },
        async () => {
          await deleteImage(house, doc);
          house.events.lifecycle(project, {
            action: 'image-deleted',
            source: imageUrl(doc.fingerprint, project),
            name: doc.fingerprint,
            requestor: identity,
          });
        },
      );
    },
    async 'GET /1.0/images/{fingerprint}/export'({ params, project, identity }) {
      const doc = findByFingerprint(house, project, params.fingerprint);
      if (!visible(doc, identity.trusted)) return fail('image.not-found');
      const files = await house.images.files(doc.fingerprint);
      const [only] = files;
      if (only && files.length === 1)
        return {
          headers: {
            'Content-Type': 'application/octet-stream',
            'Content-Length': String(only.sizeBytes),
            'Content-Disposition': `inline;filename=${only.name}`,
          },
          body: only.open(),
        };
      const joined = joinMultipart(
        files.map((file, index) => ({
          field: index === 0 ? 'metadata' : 'rootfs',
          filename: file.name,
          content: () => file.open(),
        })),
      );
      return { headers: { 'Content-Type': joined.contentType }, body: joined.body };
    },
  };
}

function publishedFrom(type: 'instance' | 'snapshot', name: string): { instance: string; snapshot?: string } {
  const [instance = '', snapshot, ...more] = name.split('/');
  if (instance === '' || more.length > 0 || (type === 'snapshot') !== Boolean(snapshot))
    return fail('image.invalid', {
      reason: `"${name}" is not the name of ${type === 'snapshot' ? 'a snapshot' : 'an instance'}`,
    });
  return snapshot ? { instance, snapshot } : { instance };
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

/**
 * The image goes from the list of its project; the files go with the last project that has them. An unpacked tree that
 * guests stand on stays in its pool until the last of them is deleted.
 */
export async function deleteImage(house: House, doc: ImageDoc): Promise<void> {
  await house.queue(imageQueue(doc.fingerprint), () => deleteImageAlone(house, doc));
}

async function deleteImageAlone(house: House, doc: ImageDoc): Promise<void> {
  const aliases = aliasesOf(house, doc).map((alias) => ({ delete: keys.alias(alias.project, alias.name) }));
  await house.documents.commit([{ delete: keys.image(doc.project, doc.fingerprint) }, ...aliases]);
  if (imageOfContent(house, doc.fingerprint)) return;
  await house.images.remove(doc.fingerprint);
  const used = new Set(
    allInstances(house)
      .filter((instance) => instance.config['volatile.base_image'] === doc.fingerprint)
      .map((instance) => instance.pool),
  );
  for (const [name, pool] of house.pools) if (!used.has(name)) await pool.images.remove(doc.fingerprint);
}
