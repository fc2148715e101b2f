/** Calls of the API about custom volumes, for the tests of them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { VolumeDoc } from '../../src/core/model.ts';
import type { Life } from './house.ts';

export const base = '/1.0/storage-pools/default/volumes';
export const one = `${base}/custom`;

export async function make(
  life: Life,
  name: string,
  body: Record<string, unknown> = {},
  pool = 'default',
): Promise<void> {
  const reply = await life.call('POST', `/1.0/storage-pools/${pool}/volumes/custom`, {
    name,
    type: 'custom',
    config: null,
    ...body,
  });
  assert.equal(reply.status, 200, reply.text);
  assert.deepEqual(reply.json().metadata, {});
}

export function docOf(life: Life, name: string): VolumeDoc {
  const found = life.house.documents.list<VolumeDoc>('volumes/').find((doc) => doc.name === name);
  assert.ok(found, name);
  return found;
}
/** Path of a file in the volume as it lies in the pool. */
export function fileIn(life: Life, name: string, file: string): string {
  const doc = docOf(life, name);
  const pool = life.house.pools.get(doc.pool);
  assert.ok(pool);
  return join(pool.custom.path({ id: doc.id }, 'filesystem'), file);
}
export const read = (life: Life, name: string) => readFileSync(fileIn(life, name, 'file'), 'utf8');
export const error = async (life: Life, method: string, url: string, body?: unknown) => {
  const reply = await life.call(method, url, body);
  return [reply.status, reply.json().error];
};
export const second = (life: Life) => life.call('POST', '/1.0/storage-pools', { name: 'second', driver: 'memory' });
export const disk = (source: string, path = '/mnt/v') => ({ type: 'disk', pool: 'default', source, path });
