/** Projects: separate sets of names. Only `default` is there for now. */
import { type Static, Type } from 'typebox';
import type { RouteTable } from '../route.ts';
import { ConfigMap, ListQuery } from '../schema.ts';

export const Project = Type.Object({
  name: Type.String(),
  description: Type.String(),
  config: ConfigMap,
  used_by: Type.Array(Type.String()),
});
export type Project = Static<typeof Project>;

export const projectRoutes = {
  'GET /1.0/projects': {
    summary: 'List the projects',
    access: 'view',
    answer: 'sync',
    query: ListQuery,
    reply: Type.Array(Type.Union([Type.String(), Project])),
  },
  'GET /1.0/projects/{name}': {
    summary: 'Get a project',
    access: 'view',
    answer: 'sync',
    reply: Project,
    etag: ['config', 'description'],
  },
} as const satisfies RouteTable;
