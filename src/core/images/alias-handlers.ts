/** Routes of image aliases. */
import { fail } from '../../api/errors.ts';
import type { Handlers } from '../../api/handlers.ts';
import type { Routes } from '../../api/routes.ts';
import type { House } from '../house.ts';
import { listing, wantsAllProjects } from '../listing.ts';
import { type AliasDoc, type ImageDoc, keys } from '../model.ts';
import { enterProject } from '../projects/enter.ts';
import { checkAliases } from './add.ts';
import { findByFingerprint, imagesOwner, lookUpAlias } from './find.ts';
import { aliasUrl, aliasView } from './view.ts';

type One = '/1.0/images/aliases/{name}';
type Own = Pick<
  Handlers<Routes>,
  `${'GET' | 'POST'} /1.0/images/aliases` | `${'GET' | 'PUT' | 'PATCH' | 'POST' | 'DELETE'} ${One}`
>;

export function aliasHandlers(house: House): Own {
  const find = (project: string, name: string) => lookUpAlias(house, project, name) ?? fail('alias.not-found');
  const visible = (doc: AliasDoc, trusted: boolean) =>
    trusted || (house.documents.get<ImageDoc>(keys.image(doc.project, doc.target))?.public ?? false);
  const told = (project: string, verb: string, name: string, context: Record<string, string> = {}) =>
    house.events.lifecycle(project, {
      action: `image-alias-${verb}`,
      source: aliasUrl(name, project),
      name,
      context,
    });
  const change: Own[`PUT ${One}`] = async ({ params, body, project, checkMatch }) => {
    const doc = find(project, params.name);
    checkMatch(aliasView(house, doc));
    const target = body.target === undefined ? doc.target : findByFingerprint(house, project, body.target).fingerprint;
    await house.documents.put(keys.alias(doc.project, doc.name), {
      ...doc,
      target,
      description: body.description ?? doc.description,
    });
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
      checkAliases(house, project, [body]);
      const { fingerprint } = findByFingerprint(house, project, body.target);
      const owner = imagesOwner(house, project);
      const description = body.description ?? '';
      const value: AliasDoc = {
        name: body.name,
        project: owner,
        description,
        target: fingerprint,
      };
      await enterProject(house, owner, [{ put: keys.alias(owner, body.name), value }]);
      told(project, 'created', body.name, { target: fingerprint });
      return { location: aliasUrl(body.name, project) };
    },
    'GET /1.0/images/aliases/{name}'({ params, project, identity }) {
      const doc = find(project, params.name);
      return visible(doc, identity.trusted) ? aliasView(house, doc) : fail('alias.not-found');
    },
    'PUT /1.0/images/aliases/{name}': change,
    'PATCH /1.0/images/aliases/{name}': change,
    async 'POST /1.0/images/aliases/{name}'({ params, body, project }) {
      const doc = find(project, params.name);
      checkAliases(house, project, [body]);
      await house.documents.commit([
        { delete: keys.alias(doc.project, doc.name) },
        { put: keys.alias(doc.project, body.name), value: { ...doc, name: body.name } },
      ]);
      told(project, 'renamed', body.name, { old_name: doc.name });
      return { location: aliasUrl(body.name, project) };
    },
    async 'DELETE /1.0/images/aliases/{name}'({ params, project }) {
      const doc = find(project, params.name);
      await house.documents.delete(keys.alias(doc.project, doc.name));
      told(project, 'deleted', doc.name);
      return {};
    },
  };
}
