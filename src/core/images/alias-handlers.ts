/** Routes of image aliases. */
import { fail } from '../../api/errors.ts';
import type { Handlers } from '../../api/handlers.ts';
import type { Routes } from '../../api/routes.ts';
import type { House } from '../house.ts';
import { listing, wantsAllProjects } from '../listing.ts';
import { type AliasDoc, type ImageDoc, keys } from '../model.ts';
import { enterProject } from '../projects/enter.ts';
import { checkAliases, newAlias } from './add.ts';
import { aliasKey, findByFingerprint, imagesOwner, lookUpAlias } from './find.ts';
import { aliasUrl, aliasView } from './view.ts';

type One = '/1.0/images/aliases/{name}';
type Own = Pick<
  Handlers<Routes>,
  `${'GET' | 'POST'} /1.0/images/aliases` | `${'GET' | 'PUT' | 'PATCH' | 'POST' | 'DELETE'} ${One}`
>;

export function aliasHandlers(house: House): Own {
  const find = (project: string, name: string, type: string | undefined) =>
    lookUpAlias(house, project, name, typeAsked(type)) ?? fail('alias.not-found');
  const visible = (doc: AliasDoc, trusted: boolean) =>
    trusted || (house.documents.get<ImageDoc>(keys.image(doc.project, doc.target))?.public ?? false);
  const told = (project: string, verb: string, name: string, context: Record<string, string> = {}) =>
    house.events.lifecycle(project, {
      action: `image-alias-${verb}`,
      source: aliasUrl(name, project),
      name,
      context,
    });
  const change: Own[`PUT ${One}`] = async ({ params, query, body, project, checkMatch }) => {
    const doc = find(project, params.name, query.type);
    checkMatch(aliasView(house, doc));
    const image = body.target === undefined ? undefined : findByFingerprint(house, project, body.target);
    const target = image?.fingerprint ?? doc.target;
    const { type, ...rest } = { ...doc, target, description: body.description ?? doc.description };
    const next = newAlias(rest, image?.type ?? type ?? 'container');
    // It names an image of the other type from now on.
    const moved = next.type !== type;
    if (moved) checkAliases(house, project, [doc], next.type ?? 'container');
    await house.documents.commit([...(moved ? [{ delete: aliasKey(doc) }] : []), { put: aliasKey(next), value: next }]);
    told(project, 'updated', doc.name, { target });
    return {};
  };
  return {
    'GET /1.0/images/aliases': ({ query, project, identity }) => {
      const docs = house.documents
        .list<AliasDoc>(wantsAllProjects(query) ? 'aliases/' : `aliases/${imagesOwner(house, project)}/`)
        .filter((doc) => visible(doc, identity.trusted));
      return listing(
        docs.map((doc) => ({ url: aliasUrl(doc.name, doc.project), object: () => aliasView(house, doc) })),
        query,
      );
    },
    async 'POST /1.0/images/aliases'({ body, project }) {
      const { fingerprint, type } = findByFingerprint(house, project, body.target);
      checkAliases(house, project, [body], type);
      const owner = imagesOwner(house, project);
      const description = body.description ?? '';
      const value = newAlias({ name: body.name, project: owner, description, target: fingerprint }, type);
      await enterProject(house, owner, [{ put: aliasKey(value), value }]);
      told(project, 'created', body.name, { target: fingerprint });
      return { location: aliasUrl(body.name, project) };
    },
    'GET /1.0/images/aliases/{name}'({ params, query, project, identity }) {
      const doc = find(project, params.name, query.type);
      return visible(doc, identity.trusted) ? aliasView(house, doc) : fail('alias.not-found');
    },
    'PUT /1.0/images/aliases/{name}': change,
    'PATCH /1.0/images/aliases/{name}': change,
    async 'POST /1.0/images/aliases/{name}'({ params, query, body, project }) {
      const doc = find(project, params.name, query.type);
      checkAliases(house, project, [body], doc.type ?? 'container');
      await house.documents.commit([
        { delete: aliasKey(doc) },
        { put: aliasKey({ ...doc, name: body.name }), value: { ...doc, name: body.name } },
      ]);
      told(project, 'renamed', body.name, { old_name: doc.name });
      return { location: aliasUrl(body.name, project) };
    },
    async 'DELETE /1.0/images/aliases/{name}'({ params, query, project }) {
      const doc = find(project, params.name, query.type);
      await house.documents.delete(aliasKey(doc));
      told(project, 'deleted', doc.name);
      return {};
    },
  };
}

/** Without one, clients mean the image for containers where there are two. */
const typeAsked = (type: string | undefined): ImageDoc['type'] | undefined =>
  type === 'container' || type === 'virtual-machine' ? type : undefined;
