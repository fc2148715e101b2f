/** A house with a project in it, for tests of what projects allow. */
import assert from 'node:assert/strict';
import { addImage, fromImage, type Life, live } from './house.ts';

export const own = { 'features.images': 'false', 'features.profiles': 'true' };
export const root = { type: 'disk', path: '/', pool: 'default' };

/** A life with the image `base` and a project `p1` whose default profile has a root disk. */
export async function withProject(
  config: Record<string, string>,
  rootDisk: Record<string, string> = root,
): Promise<Life> {
  const life = await live();
  await addImage(life, 'base');
  const made = await life.call('POST', '/1.0/projects', { name: 'p1', config: { ...own, ...config } });
  assert.equal(made.status, 201, made.text);
  const set = await life.call('PUT', '/1.0/profiles/default?project=p1', { devices: { root: rootDisk } });
  assert.equal(set.status, 200, set.text);
  return life;
}

export const create = (life: Life, name: string, rest: Record<string, unknown> = {}, project = 'p1') =>
  life.call('POST', `/1.0/instances?project=${project}`, fromImage(name, rest));
export async function created(life: Life, name: string, rest: Record<string, unknown> = {}): Promise<void> {
  await life.must('POST', '/1.0/instances?project=p1', fromImage(name, rest));
}
export const patch = (life: Life, config: Record<string, string>) => life.call('PATCH', '/1.0/projects/p1', { config });
export const refused = (reply: { status: number; text: string }, words: RegExp, status = 403) => {
  assert.equal(reply.status, status, reply.text);
  assert.match((JSON.parse(reply.text) as { error: string }).error, words);
};
