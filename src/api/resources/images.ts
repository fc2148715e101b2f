/** Images and their aliases. */
import { type Static, Type } from 'typebox';
import type { RouteTable } from '../route.ts';
import { Body, ConfigMap, Empty, ListQuery, Loose, LooseConfigMap, ProjectQuery, Time } from '../schema.ts';

export const ImageAlias = Type.Object({ name: Type.String(), description: Type.String() });
export const ImageSource = Type.Object({
  alias: Type.String(),
  certificate: Type.String(),
  protocol: Type.String(),
  server: Type.String(),
  image_type: Type.String(),
});
export const Image = Type.Object({
  auto_update: Type.Boolean(),
  properties: ConfigMap,
  public: Type.Boolean(),
  expires_at: Time,
  profiles: Type.Array(Type.String()),
  aliases: Type.Array(ImageAlias),
  architecture: Type.String(),
  cached: Type.Boolean(),
  filename: Type.String(),
  fingerprint: Type.String(),
  size: Type.Integer(),
  update_source: Type.Optional(ImageSource),
  type: Type.String(),
  created_at: Time,
  last_used_at: Time,
  uploaded_at: Time,
  project: Type.String(),
});
export type Image = Static<typeof Image>;
export type ImageAlias = Static<typeof ImageAlias>;

const LooseAlias = Type.Object({ name: Type.String(), description: Type.Optional(Type.String()) });
const editable = {
  auto_update: Type.Optional(Type.Boolean()),
  properties: Loose(LooseConfigMap),
  public: Type.Optional(Type.Boolean()),
  expires_at: Type.Optional(Type.String()),
  profiles: Loose(Type.Array(Type.String())),
};
export const ImagesPostSource = Body({
  /** `image` (download), `url`, `instance`, `snapshot`, and by extension image_build `build` (alias names the recipe). */
  type: Type.Optional(Type.String()),
  alias: Type.Optional(Type.String()),
  name: Type.Optional(Type.String()),
  fingerprint: Type.Optional(Type.String()),
  certificate: Type.Optional(Type.String()),
  protocol: Type.Optional(Type.String()),
  server: Type.Optional(Type.String()),
  image_type: Type.Optional(Type.String()),
  mode: Type.Optional(Type.String()),
  url: Type.Optional(Type.String()),
  secret: Type.Optional(Type.String()),
  project: Type.Optional(Type.String()),
});
export const ImagesPost = Body({
  ...editable,
  filename: Type.Optional(Type.String()),
  source: Loose(ImagesPostSource),
  compression_algorithm: Type.Optional(Type.String()),
  aliases: Loose(Type.Array(LooseAlias)),
  format: Type.Optional(Type.String()),
});
export const ImagePut = Body({
  ...editable,
  aliases: Type.Optional(Type.Unknown()),
  architecture: Type.Optional(Type.Unknown()),
  cached: Type.Optional(Type.Unknown()),
  filename: Type.Optional(Type.Unknown()),
  fingerprint: Type.Optional(Type.Unknown()),
  size: Type.Optional(Type.Unknown()),
  update_source: Type.Optional(Type.Unknown()),
  type: Type.Optional(Type.Unknown()),
  created_at: Type.Optional(Type.Unknown()),
  last_used_at: Type.Optional(Type.Unknown()),
  uploaded_at: Type.Optional(Type.Unknown()),
  project: Type.Optional(Type.Unknown()),
});
export type ImagesPost = Static<typeof ImagesPost>;
export type ImagePut = Static<typeof ImagePut>;

export const ImageAliasesEntry = Type.Object({
  name: Type.String(),
  description: Type.String(),
  target: Type.String(),
  type: Type.String(),
});
export type ImageAliasesEntry = Static<typeof ImageAliasesEntry>;
export const ImageAliasesPost = Body({
  name: Type.String(),
  description: Type.Optional(Type.String()),
  target: Type.String(),
  type: Type.Optional(Type.String()),
});
export const ImageAliasPut = Body({
  description: Type.Optional(Type.String()),
  target: Type.Optional(Type.String()),
  name: Type.Optional(Type.String()),
  type: Type.Optional(Type.String()),
});
export type ImageAliasesPost = Static<typeof ImageAliasesPost>;
export type ImageAliasPut = Static<typeof ImageAliasPut>;

export const ImageExportPost = Body({
  target: Type.String(),
  secret: Type.Optional(Type.String()),
  certificate: Type.Optional(Type.String()),
  aliases: Loose(Type.Array(LooseAlias)),
  project: Type.Optional(Type.String()),
  profiles: Loose(Type.Array(Type.String())),
});
/** A name may be an alias of one image of each type. */
const AliasQuery = Type.Object({ ...ProjectQuery.properties, type: Type.Optional(Type.String()) });

const SecretQuery = Type.Object({
  project: Type.Optional(Type.String()),
  secret: Type.Optional(Type.String()),
});

export const imageRoutes = {
  'GET /1.0/images': {
    summary: 'List the images',
    access: 'public',
    answer: 'sync',
    query: ListQuery,
    reply: Type.Array(Type.Union([Type.String(), Image])),
  },
  'POST /1.0/images': {
    summary: 'Add an image: upload, publish an instance, copy one of another server, or build one',
    access: 'secret',
    answer: 'async',
    query: ProjectQuery,
    body: ImagesPost,
    stream: true,
  },
  'GET /1.0/images/aliases': {
    summary: 'List the image aliases',
    access: 'public',
    answer: 'sync',
    query: ListQuery,
    reply: Type.Array(Type.Union([Type.String(), ImageAliasesEntry])),
  },
  'POST /1.0/images/aliases': {
    summary: 'Create an image alias',
    access: 'manage',
    answer: 'created',
    query: ProjectQuery,
    body: ImageAliasesPost,
  },
  'GET /1.0/images/aliases/{name}': {
    summary: 'Get an image alias',
    access: 'public',
    answer: 'sync',
    query: AliasQuery,
    reply: ImageAliasesEntry,
    etag: ['description', 'target'],
  },
  'PUT /1.0/images/aliases/{name}': {
    summary: 'Replace an image alias',
    access: 'manage',
    answer: 'sync',
    query: AliasQuery,
    body: ImageAliasPut,
    reply: Empty,
  },
  'PATCH /1.0/images/aliases/{name}': {
    summary: 'Change an image alias',
    access: 'manage',
    answer: 'sync',
    query: AliasQuery,
    body: ImageAliasPut,
    reply: Empty,
  },
  'POST /1.0/images/aliases/{name}': {
    summary: 'Rename an image alias',
    access: 'manage',
    answer: 'created',
    query: AliasQuery,
    body: Body({ name: Type.String() }),
  },
  'DELETE /1.0/images/aliases/{name}': {
    summary: 'Delete an image alias',
    access: 'manage',
    answer: 'sync',
    query: AliasQuery,
    reply: Empty,
  },
  'GET /1.0/images/recipes': {
    summary: 'List the images that this server can build',
    access: 'view',
    answer: 'sync',
    reply: Type.Array(
      Type.Object({
        alias: Type.String(),
        description: Type.String(),
        architecture: Type.String(),
        types: Type.Array(Type.String()),
      }),
    ),
    extension: 'image_build',
  },
  'GET /1.0/images/{fingerprint}': {
    summary: 'Get an image; a unique prefix of the fingerprint is enough',
    access: 'public',
    answer: 'sync',
    query: SecretQuery,
    reply: Image,
    etag: ['public', 'auto_update', 'properties', 'expires_at', 'profiles'],
  },
  'PUT /1.0/images/{fingerprint}': {
    summary: 'Replace the properties of an image',
    access: 'manage',
    answer: 'sync',
    query: ProjectQuery,
    body: ImagePut,
    reply: Empty,
  },
  'PATCH /1.0/images/{fingerprint}': {
    summary: 'Change properties of an image',
    access: 'manage',
    answer: 'sync',
    query: ProjectQuery,
    body: ImagePut,
    reply: Empty,
  },
  'DELETE /1.0/images/{fingerprint}': {
    summary: 'Delete an image',
    access: 'manage',
    answer: 'async',
    query: ProjectQuery,
  },
  'GET /1.0/images/{fingerprint}/export': {
    summary: 'Download the file or files of an image',
    access: 'public',
    answer: 'raw',
    query: SecretQuery,
  },
  'POST /1.0/images/{fingerprint}/export': {
    summary: 'Send an image to another server, which has given a secret for it',
    access: 'manage',
    answer: 'async',
    query: ProjectQuery,
    body: ImageExportPost,
  },
  'POST /1.0/images/{fingerprint}/secret': {
    summary: 'Make a secret with which somebody without trust may download the image once',
    access: 'manage',
    answer: 'async',
    query: ProjectQuery,
  },
  'POST /1.0/images/{fingerprint}/refresh': {
    summary: 'Fetch the image anew when its source has a newer one',
    access: 'manage',
    answer: 'async',
    query: ProjectQuery,
  },
} as const satisfies RouteTable;
