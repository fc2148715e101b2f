/** Operations: slow work, its progress and its result. */
import { type Static, Type } from 'typebox';
import type { RouteTable } from '../route.ts';
import { Empty, ListQuery, Time } from '../schema.ts';

export const OperationStep = Type.Object({
  name: Type.String(),
  /** Position from 1 and number of steps. */
  position: Type.Integer(),
  total: Type.Integer(),
  status: Type.Union([Type.Literal('running'), Type.Literal('done'), Type.Literal('failed'), Type.Literal('undone')]),
  started_at: Time,
  duration_ms: Type.Number(),
});

export const Operation = Type.Object({
  id: Type.String(),
  class: Type.Union([Type.Literal('task'), Type.Literal('websocket'), Type.Literal('token')]),
  description: Type.String(),
  created_at: Time,
  updated_at: Time,
  status: Type.String(),
  status_code: Type.Integer(),
  resources: Type.Record(Type.String(), Type.Array(Type.String())),
  metadata: Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()]),
  may_cancel: Type.Boolean(),
  err: Type.String(),
  location: Type.String(),
  /** Extension operation_steps. */
  steps: Type.Optional(Type.Array(OperationStep)),
  /** Extension error_codes: of the catalogue, when the operation failed. */
  err_code: Type.Optional(Type.String()),
  err_params: Type.Optional(Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()]))),
  err_help: Type.Optional(Type.String()),
});
export type OperationStep = Static<typeof OperationStep>;
export type Operation = Static<typeof Operation>;

export const operationRoutes = {
  'GET /1.0/operations': {
    summary: 'List the operations, by their status',
    access: 'view',
    answer: 'sync',
    query: ListQuery,
    reply: Type.Record(Type.String(), Type.Array(Type.Union([Type.String(), Operation]))),
  },
  'GET /1.0/operations/{id}': { summary: 'Get an operation', access: 'view', answer: 'sync', reply: Operation },
  'DELETE /1.0/operations/{id}': { summary: 'Cancel an operation', access: 'operate', answer: 'sync', reply: Empty },
  'GET /1.0/operations/{id}/wait': {
    summary: 'Wait until an operation has ended',
    access: 'public',
    answer: 'sync',
    query: Type.Object({
      timeout: Type.Optional(Type.String({ description: 'seconds; -1 or absent waits for ever' })),
      secret: Type.Optional(Type.String()),
    }),
    reply: Operation,
  },
  'GET /1.0/operations/{id}/websocket': {
    summary: 'Connect to a data stream of an operation',
    access: 'public',
    answer: 'websocket',
    query: Type.Object({ secret: Type.Optional(Type.String()) }),
  },
} as const satisfies RouteTable;
