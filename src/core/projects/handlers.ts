/** Project routes: the one project there is. */
import { fail } from '../../api/errors.ts';
import type { Handlers } from '../../api/handlers.ts';
import type { Project } from '../../api/resources/projects.ts';
import type { Routes } from '../../api/routes.ts';
import type { House } from '../house.ts';
import { imageUrl } from '../images/view.ts';
import { allInstances, instanceUrl } from '../instances/find.ts';
import { listing } from '../listing.ts';
import type { ImageDoc, ProfileDoc } from '../model.ts';

type Own = Pick<Handlers<Routes>, 'GET /1.0/projects' | 'GET /1.0/projects/{name}'>;

const features = ['images', 'profiles', 'storage.volumes', 'storage.buckets', 'networks', 'networks.zones'];

export function projectHandlers(house: Pick<House, 'documents'>): Own {
  const view = (): Project => ({
    name: 'default',
    description: 'Default Gasthof project',
    config: Object.fromEntries(features.map((name) => [`features.${name}`, 'true'])),
    used_by: [
      ...allInstances(house).map((doc) => instanceUrl(doc)),
      ...house.documents.list<ImageDoc>('images/').map((doc) => imageUrl(doc.fingerprint)),
      ...house.documents
        .list<ProfileDoc>('profiles/default/')
        .map((doc) => `/1.0/profiles/${encodeURIComponent(doc.name)}`),
    ],
  });
  return {
    'GET /1.0/projects': ({ query }) => listing([{ url: '/1.0/projects/default', object: view }], query),
    'GET /1.0/projects/{name}': ({ params }) => (params.name === 'default' ? view() : fail('project.not-found')),
  };
}
