/** Routes of what a guest shows and who may come in: its console, the screen of a virtual machine, passwords. */
import { Type } from 'typebox';
import type { RouteTable } from '../route.ts';
import { Empty, ProjectQuery } from '../schema.ts';
import { InstanceConsolePost, InstanceKeysPost, InstancePasswordPost } from './instances.ts';

const ConsoleQuery = Type.Object({
  project: Type.Optional(Type.String()),
  type: Type.Optional(Type.String({ description: 'log (default), or vga: the screen of a virtual machine' })),
});

export const consoleRoutes = {
  'POST /1.0/instances/{name}/console': {
    summary: 'Connect to the console',
    access: 'operate',
    answer: 'async',
    query: ProjectQuery,
    body: InstanceConsolePost,
  },
  'GET /1.0/instances/{name}/console': {
    summary: 'Get what the guest wrote to its console, or a picture of its screen as PNG',
    access: 'view',
    answer: 'raw',
    query: ConsoleQuery,
  },
  'DELETE /1.0/instances/{name}/console': {
    summary: 'Clear the console log',
    access: 'operate',
    answer: 'sync',
    query: ProjectQuery,
    reply: Empty,
  },
  'POST /1.0/instances/{name}/console/keys': {
    summary: 'Press keys of the keyboard of a virtual machine',
    access: 'operate',
    answer: 'sync',
    query: ProjectQuery,
    body: InstanceKeysPost,
    reply: Empty,
    extension: 'instance_screen',
  },
  'POST /1.0/instances/{name}/password': {
    summary: 'Set the password of a user in a virtual machine',
    access: 'operate',
    answer: 'sync',
    query: ProjectQuery,
    body: InstancePasswordPost,
    reply: Empty,
    extension: 'instance_password',
  },
} as const satisfies RouteTable;
