/** Projects: separate sets of instances, images, profiles and volumes, with limits and restrictions. */
import { type Static, Type } from 'typebox';
import type { RouteTable } from '../route.ts';
import { Body, ConfigMap, Empty, ListQuery, Loose, LooseConfigMap, ProjectQuery } from '../schema.ts';

export const Project = Type.Object({
  name: Type.String(),
  description: Type.String(),
  config: ConfigMap,
  used_by: Type.Array(Type.String()),
});
export type Project = Static<typeof Project>;

const put = { description: Type.Optional(Type.String()), config: Loose(LooseConfigMap) };
/** Clients that send back what they read send these too. */
const ignored = { name: Type.Optional(Type.Unknown()), used_by: Type.Optional(Type.Unknown()) };
export const ProjectPut = Body({ ...put, ...ignored });
export const ProjectsPost = Body({ ...put, name: Type.String() });
export const ProjectPost = Body({ name: Type.String() });

export const ProjectState = Type.Object({
  resources: Type.Record(
    Type.String({ description: 'instances, containers, virtual-machines, cpu, memory, processes, disk, networks' }),
    Type.Object({ Limit: Type.Integer({ description: '-1 for none' }), Usage: Type.Integer() }),
  ),
});
export type ProjectState = Static<typeof ProjectState>;

export const projectRoutes = {
  'GET /1.0/projects': {
    summary: 'List the projects',
    access: 'view',
    answer: 'sync',
    query: ListQuery,
    reply: Type.Array(Type.Union([Type.String(), Project])),
  },
  'POST /1.0/projects': {
    summary: 'Create a project',
    access: 'admin',
    answer: 'created',
    query: ProjectQuery,
    body: ProjectsPost,
  },
  'GET /1.0/projects/{name}': {
    summary: 'Get a project',
    access: 'view',
    answer: 'sync',
    query: ProjectQuery,
    reply: Project,
    etag: ['config', 'description'],
  },
  'PUT /1.0/projects/{name}': {
    summary: 'Replace the description and config of a project',
    access: 'admin',
    answer: 'sync',
    query: ProjectQuery,
    body: ProjectPut,
    reply: Empty,
  },
  'PATCH /1.0/projects/{name}': {
    summary: 'Change some of the config of a project',
    access: 'admin',
    answer: 'sync',
    query: ProjectQuery,
    body: ProjectPut,
    reply: Empty,
  },
  'POST /1.0/projects/{name}': {
    summary: 'Rename a project that is empty',
    access: 'admin',
    answer: 'async',
    query: ProjectQuery,
    body: ProjectPost,
  },
  'DELETE /1.0/projects/{name}': {
    summary: 'Delete a project; with force, everything in it too',
    access: 'admin',
    answer: 'sync',
    query: Type.Object({
      project: Type.Optional(Type.String()),
      force: Type.Optional(Type.String({ description: '1: stop and delete all that is in it' })),
    }),
    reply: Empty,
  },
  'GET /1.0/projects/{name}/state': {
    summary: 'Get what a project may use and uses',
    access: 'view',
    answer: 'sync',
    query: ProjectQuery,
    reply: ProjectState,
  },
} as const satisfies RouteTable;
