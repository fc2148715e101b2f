/** Building blocks of the contract's schemas. Wire names and forms are those of Incus. */
import { type TProperties, Type } from 'typebox';

/** A request body: unknown fields are refused by name, so that a typing error never passes in silence. */
export const Body = <P extends TProperties>(properties: P) => Type.Object(properties, { additionalProperties: false });

/** Absent and null mean the same in requests: Go clients send null for empty maps and lists. */
export const Loose = <S extends Parameters<typeof Type.Union>[0][number]>(schema: S) =>
  Type.Optional(Type.Union([schema, Type.Null()]));

/** Values are strings always, also "true" and "1". */
export const ConfigMap = Type.Record(Type.String(), Type.String());
export const DevicesMap = Type.Record(Type.String(), ConfigMap);

/** Config in requests: clients that read YAML send numbers and booleans too; they become strings at the door. */
export const LooseConfigMap = Type.Record(
  Type.String(),
  Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]),
);
export const LooseDevicesMap = Type.Record(Type.String(), LooseConfigMap);

/** RFC 3339; "0001-01-01T00:00:00Z" is never or unknown. */
export const Time = Type.String({ format: 'date-time' });
export const zeroTime = '0001-01-01T00:00:00Z';

export const Url = Type.String({ description: 'path of a resource, like /1.0/instances/web' });
export const Empty = Type.Object({});

/** Query of every route that works inside one project. */
export const ProjectQuery = Type.Object({ project: Type.Optional(Type.String()) });

export const ListQuery = Type.Object({
  project: Type.Optional(Type.String()),
  'all-projects': Type.Optional(Type.String()),
  recursion: Type.Optional(Type.String({ description: '0 addresses, 1 objects, 2 objects with state and snapshots' })),
  filter: Type.Optional(Type.String({ description: 'like: status eq running and config.user.tag ne old' })),
  offset: Type.Optional(Type.String({ description: 'how many to leave out at the beginning (extension list_pages)' })),
  limit: Type.Optional(Type.String({ description: 'how many to give at most (extension list_pages)' })),
});
export type ListQuery = {
  project?: string;
  'all-projects'?: string;
  recursion?: string;
  filter?: string;
  offset?: string;
  limit?: string;
};

export const ItemQuery = Type.Object({
  project: Type.Optional(Type.String()),
  recursion: Type.Optional(Type.String()),
});
