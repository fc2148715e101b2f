/** A house with one of everything, for tests that try what must not change it. */
import assert from 'node:assert/strict';
import { addImage, fromImage, type Life } from './house.ts';

/** A house with one of everything. Gives what stands for the placeholders in braces. */
export async function furnish(life: Life): Promise<Record<string, string>> {
  const base = await addImage(life, 'base');
  const first = base[0] ?? '';
  for (
    let n = 0;
    !(await life.get<string[]>('/1.0/images')).some((url) => !url.endsWith(base) && url[12] === first);
    n++
  )
    await addImage(life, `more${n}`);
  await life.must('POST', '/1.0/instances', fromImage('web', { start: true }));
  await life.must('POST', '/1.0/instances/web/snapshots', { name: 's0' });
  assert.equal((await life.call('POST', '/1.0/profiles', { name: 'used' })).status, 201);
  assert.equal((await life.call('POST', '/1.0/profiles', { name: 'spare' })).status, 201);
  assert.equal((await life.call('POST', '/1.0/storage-pools', { name: 'second', driver: 'memory' })).status, 201);
  await life.must('POST', '/1.0/instances', fromImage('stopped', { profiles: ['default', 'used'] }));
  await life.must('POST', '/1.0/instances/web/backups', { name: 'b0' });
  const volumes = '/1.0/storage-pools/default/volumes/custom';
  for (const name of ['data', 'attached']) assert.equal((await life.call('POST', volumes, { name })).status, 200);
  await life.must('POST', `${volumes}/data/snapshots`, { name: 's0' });
  const disk = { type: 'disk', pool: 'default', source: 'attached', path: '/mnt' };
  assert.equal((await life.call('PATCH', '/1.0/instances/web', { devices: { disk } })).status, 200);
  assert.equal((await life.call('POST', '/1.0/network-acls', { name: 'walls' })).status, 201);
  return { '{base}': base, '{shared}': first };
}
