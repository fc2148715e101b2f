/** Metadata and templates of an instance, as its image brought them along. */
import { type Static, Type } from 'typebox';
import type { RouteTable } from '../route.ts';
import { Body, ConfigMap, Empty, Loose, LooseConfigMap, ProjectQuery } from '../schema.ts';

const ImageMetadataTemplate = Type.Object({
  when: Type.Array(Type.String()),
  create_only: Type.Boolean(),
  template: Type.String(),
  properties: Type.Union([ConfigMap, Type.Null()]),
  uid: Type.Optional(Type.String()),
  gid: Type.Optional(Type.String()),
  mode: Type.Optional(Type.String()),
});

export const ImageMetadata = Type.Object({
  architecture: Type.String(),
  creation_date: Type.Integer({ description: 'seconds since 1970' }),
  expiry_date: Type.Integer({ description: 'seconds since 1970, 0 is never' }),
  properties: ConfigMap,
  templates: Type.Record(Type.String(), ImageMetadataTemplate),
});
export type ImageMetadata = Static<typeof ImageMetadata>;

const Id = Loose(Type.Union([Type.String(), Type.Integer()]));
export const ImageMetadataPut = Body({
  architecture: Type.Optional(Type.String()),
  creation_date: Type.Optional(Type.Integer({ minimum: 0 })),
  expiry_date: Type.Optional(Type.Integer({ minimum: 0 })),
  properties: Loose(LooseConfigMap),
  templates: Loose(
    Type.Record(
      Type.String(),
      Body({
        when: Loose(Type.Array(Type.String())),
        create_only: Type.Optional(Type.Boolean()),
        template: Type.String(),
        properties: Loose(LooseConfigMap),
        uid: Id,
        gid: Id,
        mode: Id,
      }),
    ),
  ),
});
export type ImageMetadataPut = Static<typeof ImageMetadataPut>;

const TemplateQuery = Type.Object({
  project: Type.Optional(Type.String()),
  path: Type.Optional(Type.String({ description: 'file name of the template' })),
});

export const instanceMetadataRoutes = {
  'GET /1.0/instances/{name}/metadata': {
    summary: 'Get the metadata of an instance',
    access: 'view',
    answer: 'sync',
    query: ProjectQuery,
    reply: ImageMetadata,
    etag: ['architecture', 'creation_date', 'expiry_date', 'properties', 'templates'],
  },
  'PUT /1.0/instances/{name}/metadata': {
    summary: 'Replace the metadata of an instance',
    access: 'manage',
    answer: 'sync',
    query: ProjectQuery,
    body: ImageMetadataPut,
    reply: Empty,
  },
  'PATCH /1.0/instances/{name}/metadata': {
    summary: 'Change parts of the metadata of an instance',
    access: 'manage',
    answer: 'sync',
    query: ProjectQuery,
    body: ImageMetadataPut,
    reply: Empty,
  },
  'GET /1.0/instances/{name}/metadata/templates': {
    summary: 'List the templates of an instance, or get the text of one',
    access: 'view',
    answer: 'raw',
    query: TemplateQuery,
  },
  'POST /1.0/instances/{name}/metadata/templates': {
    summary: 'Make or replace a template of an instance',
    access: 'manage',
    answer: 'sync',
    query: TemplateQuery,
    stream: true,
    reply: Empty,
  },
  'DELETE /1.0/instances/{name}/metadata/templates': {
    summary: 'Delete a template of an instance',
    access: 'manage',
    answer: 'sync',
    query: TemplateQuery,
    reply: Empty,
  },
} as const satisfies RouteTable;
