/** Metadata of a guest as a thing that can be shown and edited. */
import { type Editable, type Loaded, pick } from './editable.ts';

const fields = ['architecture', 'creation_date', 'expiry_date', 'properties', 'templates'];

export function guestMetadata(name: string): Editable {
  const params = { name };
  return {
    label: name,
    read: async (context) => (await context.client.read('GET /1.0/instances/{name}/metadata', { params })) as Loaded,
    write: (context, value, etag) =>
      context.client.call('PUT /1.0/instances/{name}/metadata', { params, body: pick(value, fields), ifMatch: etag }),
    editable: fields,
    keys: 'properties',
  };
}
