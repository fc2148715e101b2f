/** Events: what happens, as it happens. */
import { type Static, Type } from 'typebox';
import type { RouteTable } from '../route.ts';
import { Time } from '../schema.ts';

export const eventTypes = ['lifecycle', 'operation', 'logging'] as const;
export type EventType = (typeof eventTypes)[number];

export const Event = Type.Object({
  type: Type.String(),
  timestamp: Time,
  metadata: Type.Unknown(),
  location: Type.String(),
  project: Type.Optional(Type.String()),
  /** Extension events_sequence: grows by one with each event of this server life. */
  sequence: Type.Optional(Type.Integer()),
});
export type Event = Static<typeof Event>;

export const Lifecycle = Type.Object({
  action: Type.String(),
  source: Type.String(),
  requestor: Type.Object({ username: Type.String(), protocol: Type.String(), address: Type.String() }),
  name: Type.Optional(Type.String()),
  project: Type.Optional(Type.String()),
  context: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
});
export type Lifecycle = Static<typeof Lifecycle>;

export const eventRoutes = {
  'GET /1.0/events': {
    summary: 'Follow events on a websocket',
    access: 'view',
    answer: 'websocket',
    query: Type.Object({
      type: Type.Optional(Type.String({ description: 'lifecycle,operation,logging' })),
      project: Type.Optional(Type.String()),
      'all-projects': Type.Optional(Type.String()),
      since: Type.Optional(
        Type.String({ description: 'replay from after this sequence number, as far as it is kept' }),
      ),
      heartbeat: Type.Optional(Type.String({ description: 'seconds between heartbeat frames' })),
    }),
  },
} as const satisfies RouteTable;
