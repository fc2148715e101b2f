/** Warnings: what is wrong with the server or something in it, and lasts. */
import { type Static, Type } from 'typebox';
import type { RouteTable } from '../route.ts';
import { Empty, ListQuery } from '../schema.ts';

const Status = Type.Union([Type.Literal('new'), Type.Literal('acknowledged'), Type.Literal('resolved')]);

export const Warning = Type.Object({
  status: Status,
  uuid: Type.String(),
  location: Type.String(),
  project: Type.String(),
  type: Type.String(),
  count: Type.Integer(),
  first_seen_at: Type.String(),
  last_seen_at: Type.String(),
  last_message: Type.String(),
  severity: Type.Union([Type.Literal('low'), Type.Literal('moderate'), Type.Literal('high')]),
  entity_url: Type.String(),
});
export type Warning = Static<typeof Warning>;

/** A person can acknowledge a warning or take that back; only the server resolves it. */
export const WarningPut = Type.Object({
  status: Type.Union([Type.Literal('new'), Type.Literal('acknowledged')]),
});

export const warningRoutes = {
  'GET /1.0/warnings': {
    summary: 'List the warnings',
    access: 'view',
    answer: 'sync',
    query: ListQuery,
    reply: Type.Array(Type.Union([Type.String(), Warning])),
  },
  'GET /1.0/warnings/{uuid}': {
    summary: 'Get a warning',
    access: 'view',
    answer: 'sync',
    reply: Warning,
    etag: ['status'],
  },
  'PUT /1.0/warnings/{uuid}': {
    summary: 'Acknowledge a warning, or make it new again',
    access: 'admin',
    answer: 'sync',
    body: WarningPut,
    reply: Empty,
  },
  'PATCH /1.0/warnings/{uuid}': {
    summary: 'Acknowledge a warning, or make it new again',
    access: 'admin',
    answer: 'sync',
    body: WarningPut,
    reply: Empty,
  },
  'DELETE /1.0/warnings/{uuid}': {
    summary: 'Delete a warning',
    access: 'admin',
    answer: 'sync',
    reply: Empty,
  },
} as const satisfies RouteTable;
