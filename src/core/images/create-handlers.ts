/** `POST /1.0/images`: an upload, a published instance, a build, or an image of somewhere else. */
import { fail } from '../../api/errors.ts';
import type { Handlers } from '../../api/handlers.ts';
import type { ImagesPost } from '../../api/resources/images.ts';
import type { Operation } from '../../api/resources/operations.ts';
import type { Routes } from '../../api/routes.ts';
import type { House } from '../house.ts';
import type { Task } from '../operations/registry.ts';
import { allowImageServer } from '../projects/rules.ts';
import { aliasNameError, buildImage, checkAliases, extrasOf, type ImageExtras } from './add.ts';
import { publishImage } from './publish.ts';
import { importAddress, pullImage, pushedMetadata } from './remote/copy.ts';
import { isDirectAddress } from './remote/direct-image.ts';
import { remoteSource } from './remote/source.ts';
import { createImageToken } from './secrets.ts';
import { enterUpload, receiveUpload, takeUploadToken, uploadExtras } from './upload.ts';
import { imageUrl } from './view.ts';

type Own = Pick<Handlers<Routes>, 'POST /1.0/images'>;
type Asked = { project: string; body: ImagesPost; source: NonNullable<ImagesPost['source']>; extras: ImageExtras };
type Work = { description: string; work(task: Task): Promise<void> };

export function createImageHandlers(house: House): Own {
  return {
    async 'POST /1.0/images'({ body, stream, headers, project, identity, signal }) {
      if (stream) {
        const token = takeUploadToken(house, project, headers, identity);
        const { received, filename } = await receiveUpload(house, headers, stream, signal);
        const extras = { ...uploadExtras(headers, token), filename };
        return house.operations.start(
          {
            description: 'Downloading image',
            project,
            resources: {},
            // Who pushed it is not trusted, and has to know how it ended.
            ...(token ? { metadata: { secret: house.clock.randomHex(32) } } : {}),
          },
          (task) => enterUpload(house, project, received, extras, task),
        );
      }
      if (!identity.trusted) return fail('request.forbidden');
      const asked = { project, body: body ?? {}, source: body?.source ?? {}, extras: extrasOf(body ?? {}) };
      checkAliases(house, project, asked.extras.aliases, typeOf(asked.source.image_type));
      if (asked.source.mode === 'push') return pushedImage(house, asked);
      const { description, work } = workOf(house, asked);
      return house.operations.start({ description, project, resources: {}, mayCancel: true }, work);
    },
  };
}

/** Another server will send it; whoever asked gives that one the secret. */
function pushedImage(house: House, { project, body, source, extras }: Asked): Operation {
  const fingerprint = source.fingerprint ?? '';
  const reason = aliasNameError(fingerprint);
  if (reason) return fail('image.source', { reason: `"${fingerprint}" is no fingerprint and no alias: ${reason}` });
  const token = createImageToken(house, project, fingerprint, pushedMetadata(body, extras));
  const from = imageUrl(fingerprint, project);
  house.events.lifecycle(project, { action: 'image-secret-created', source: from });
  return token;
}

function typeOf(type: string | null | undefined): 'container' | 'virtual-machine' {
  if (type === 'virtual-machine') return type;
  if (!type || type === 'container') return 'container';
  return fail('image.source', { reason: `"${type}" is no type of an image` });
}

const works: Record<string, (house: House, asked: Asked) => Work> = {
  build(house, { project, source, extras }) {
    const alias = source.alias ?? '';
    const type = typeOf(source.image_type);
    const recipes = house.images.recipes().filter(({ types }) => types.includes(type));
    if (!recipes.some((recipe) => recipe.alias === alias))
      return fail('image.no-recipe', { alias, recipes: recipes.map((recipe) => recipe.alias).join(', ') });
    return { description: 'Building image', work: (task) => buildImage(house, project, { alias, type }, extras, task) };
  },
  instance: publish,
  container: publish,
  'virtual-machine': publish,
  snapshot: publish,
  image(house, { project, source, extras }) {
    if (source.mode && source.mode !== 'pull')
      return fail('image.source', { reason: `the mode "${source.mode}" is not one of pull, push` });
    allowImageServer(house, project, source.server ?? '');
    const from = remoteSource(source);
    return { description: 'Downloading image', work: (task) => pullImage(house, project, from, extras, task) };
  },
  url(house, { project, source, extras }) {
    const address = source.url ?? '';
    if (!isDirectAddress(address))
      return fail('image.source', { reason: `"${address}" does not begin with https://; nothing else is fetched` });
    allowImageServer(house, project, address);
    return { description: 'Downloading image', work: (task) => importAddress(house, project, address, extras, task) };
  },
};

function publish(house: House, { project, body, source, extras }: Asked): Work {
  const from = publishedFrom(source.type === 'snapshot' ? 'snapshot' : 'instance', source.name ?? '');
  return {
    description: 'Downloading image',
    work: (task) => publishImage(house, project, from, body, extras, task),
  };
}

function workOf(house: House, asked: Asked): Work {
  const type = asked.source.type ?? '';
  const known = Object.hasOwn(works, type) ? works[type] : undefined;
  if (known) return known(house, asked);
  return fail('image.invalid', {
    reason: `the source "${type}" is not one of image, url, instance, snapshot, build`,
  });
}

function publishedFrom(type: 'instance' | 'snapshot', name: string): { instance: string; snapshot?: string } {
  const [instance = '', snapshot, ...more] = name.split('/');
  if (instance === '' || more.length > 0 || (type === 'snapshot') !== Boolean(snapshot))
    return fail('image.invalid', {
      reason: `"${name}" is not the name of ${type === 'snapshot' ? 'a snapshot' : 'an instance'}`,
    });
  return snapshot ? { instance, snapshot } : { instance };
}
