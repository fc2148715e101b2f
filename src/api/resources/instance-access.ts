/** Who may use an instance. */
import { Type } from 'typebox';
import type { RouteTable } from '../route.ts';
import { ProjectQuery } from '../schema.ts';

export const AccessEntry = Type.Object({
  identifier: Type.String({ description: 'fingerprint of the certificate' }),
  role: Type.String({ description: 'admin, operator or view' }),
  provider: Type.String({ description: 'tls' }),
});

export const instanceAccessRoutes = {
  'GET /1.0/instances/{name}/access': {
    summary: 'List the certificates that may use an instance',
    access: 'admin',
    answer: 'sync',
    query: ProjectQuery,
    reply: Type.Array(AccessEntry),
  },
} as const satisfies RouteTable;
