/** Routes of backups of instances. */
import { Type } from 'typebox';
import type { RouteTable } from '../route.ts';
import { Body, ListQuery, ProjectQuery } from '../schema.ts';
import { InstanceBackup, InstanceBackupsPost } from './instances.ts';

export const backupRoutes = {
  'GET /1.0/instances/{name}/backups': {
    summary: 'List the backups',
    access: 'view',
    answer: 'sync',
    query: ListQuery,
    reply: Type.Array(Type.Union([Type.String(), InstanceBackup])),
  },
  'POST /1.0/instances/{name}/backups': {
    summary: 'Make a backup',
    access: 'manage',
    answer: 'async',
    query: ProjectQuery,
    body: InstanceBackupsPost,
  },
  'GET /1.0/instances/{name}/backups/{backup}': {
    summary: 'Get a backup',
    access: 'view',
    answer: 'sync',
    query: ProjectQuery,
    reply: InstanceBackup,
  },
  'POST /1.0/instances/{name}/backups/{backup}': {
    summary: 'Rename a backup',
    access: 'manage',
    answer: 'async',
    query: ProjectQuery,
    body: Body({ name: Type.String() }),
  },
  'DELETE /1.0/instances/{name}/backups/{backup}': {
    summary: 'Delete a backup',
    access: 'manage',
    answer: 'async',
    query: ProjectQuery,
  },
  'GET /1.0/instances/{name}/backups/{backup}/export': {
    summary: 'Download a backup as a tarball',
    access: 'manage',
    answer: 'raw',
    query: ProjectQuery,
  },
} as const satisfies RouteTable;
