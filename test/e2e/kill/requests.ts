/** What the kill tests ask of a daemon again and again. */
import type { Instance } from '../../../src/api/resources/instances.ts';
import type { Client } from '../../../src/client/client.ts';

export const params = (name: string) => ({ params: { name } });

export const instances = async (client: Client) =>
  (await client.call('GET /1.0/instances', { query: { recursion: '1' } })) as Instance[];

export const change = (client: Client, name: string, action: string, more: object = {}) =>
  client.operation('PUT /1.0/instances/{name}/state', { ...params(name), body: { action, ...more } as never });
