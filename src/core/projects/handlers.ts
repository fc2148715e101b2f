/** Project routes. */
import { isTrue } from '../../api/config-keys/key.ts';
import { fail } from '../../api/errors.ts';
import type { Handlers, Identity } from '../../api/handlers.ts';
import type { Project, projectRoutes } from '../../api/resources/projects.ts';
import type { House } from '../house.ts';
import { patchedConfig, plainConfig } from '../instances/config.ts';
import { listing } from '../listing.ts';
import type { ProjectDoc } from '../model.ts';
import { changeProject, createProject, findProject, removeProject, renameProject } from './change.ts';
import { emptyProject } from './empty.ts';
import { projectQueue } from './enter.ts';
import { allProjects } from './features.ts';
import { resources } from './limits.ts';
import { projectMembers } from './rules.ts';
import { projectUsers } from './used-by.ts';

const projectUrl = (name: string) => `/1.0/projects/${encodeURIComponent(name)}`;

/** Who is confined to projects sees these only. */
const maySee = ({ projects }: Identity, name: string): boolean => !projects || projects.includes(name);

export function projectHandlers(house: House): Handlers<typeof projectRoutes> {
  const view = (doc: ProjectDoc): Project => ({
    name: doc.name,
    description: doc.description,
    config: doc.config,
    used_by: projectUsers(house, doc.name),
  });
  const findSeen = (identity: Identity, name: string) =>
    maySee(identity, name) ? findProject(house, name) : fail('auth.project', { project: name });
  const told = (verb: string, name: string, context?: Record<string, unknown>) =>
    house.events.lifecycle(name, {
      action: `project-${verb}`,
      source: projectUrl(name),
      name,
      ...(context ? { context } : {}),
    });
  const change = (
    name: string,
    checkMatch: (current: unknown) => void,
    next: (doc: ProjectDoc) => Pick<ProjectDoc, 'description' | 'config'>,
  ) =>
    house.queue(projectQueue, async () => {
      const doc = findProject(house, name);
      checkMatch(view(doc));
      await changeProject(house, doc, next(doc));
      told('updated', name);
      return {};
    });
  return {
    'GET /1.0/projects': ({ query, identity }) =>
      listing(
        allProjects(house)
          .filter(({ name }) => maySee(identity, name))
          .map((doc) => ({ url: projectUrl(doc.name), object: () => view(doc) })),
        query,
      ),
    async 'POST /1.0/projects'({ body }) {
      const { name, description = '', config } = body;
      await house.queue(projectQueue, () => createProject(house, { name, description, config: plainConfig(config) }));
      told('created', name);
      return { location: projectUrl(name) };
    },
    'GET /1.0/projects/{name}': ({ params, identity }) => view(findSeen(identity, params.name)),
    'PUT /1.0/projects/{name}': ({ params, body, checkMatch }) =>
      change(params.name, checkMatch, () => ({
        description: body.description ?? '',
        config: plainConfig(body.config),
      })),
    'PATCH /1.0/projects/{name}': ({ params, body, checkMatch }) =>
      change(params.name, checkMatch, (doc) => ({
        description: body.description ?? doc.description,
        config: patchedConfig(doc.config, body.config),
      })),
    'POST /1.0/projects/{name}'({ params, body }) {
      const { name } = findProject(house, params.name);
      if (name === 'default') fail('project.default', { action: 'renamed' });
      return house.operations.start({ description: 'Renaming project', project: '', resources: {} }, async () => {
        await house.queue(projectQueue, () => renameProject(house, name, body.name));
        told('renamed', body.name, { old_name: name });
      });
    },
    async 'DELETE /1.0/projects/{name}'({ params, query }) {
      const { name } = findProject(house, params.name);
      if (name === 'default') fail('project.default', { action: 'deleted' });
      if (isTrue(query.force)) await emptyProject(house, name);
      await house.queue(projectQueue, () => removeProject(house, name));
      told('deleted', name);
      return {};
    },
    'GET /1.0/projects/{name}/state'({ params, identity }) {
      const { name, config } = findSeen(identity, params.name);
      return { resources: resources(config, projectMembers(house, name)) };
    },
  };
}
