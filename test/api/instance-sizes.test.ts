/** Instance types, the CPU time that a guest may have, and the time of use of what was never used. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instance, InstanceState } from '../../src/api/resources/instances.ts';
import { addImage, fromImage, live } from './house.ts';

test('a type becomes limits, below what the request says itself', async () => {
  await using life = await live();
  await addImage(life, 'base');
  await life.run('POST', '/1.0/instances', {
    ...fromImage('web'),
    instance_type: 'c0.5-m0.2',
    config: { 'limits.memory': '1GiB' },
  });
  const { config, last_used_at } = await life.get<Instance>('/1.0/instances/web');
  assert.partialDeepStrictEqual(config, {
    'limits.cpu': '1',
    'limits.cpu.allowance': '50%',
    'limits.memory': '1GiB',
  });
  assert.equal(last_used_at, '1970-01-01T00:00:00Z');
  const refused = await life.call('POST', '/1.0/instances', { ...fromImage('other'), instance_type: 't2.micro' });
  assert.equal(refused.status, 400, refused.text);
});

test('the CPU time allocated follows limits', async () => {
  await using life = await live();
  await addImage(life, 'base');
  await life.run('POST', '/1.0/instances', { ...fromImage('web'), start: true, config: { 'limits.cpu': '1' } });
  const allocated = async (config: Record<string, string>) => {
    assert.equal((await life.call('PATCH', '/1.0/instances/web', { config })).status, 200);
    return (await life.get<InstanceState>('/1.0/instances/web/state')).cpu.allocated_time;
  };
  assert.equal(await allocated({ 'limits.cpu.allowance': '50%' }), 1e9);
  assert.equal(await allocated({ 'limits.cpu.allowance': '100ms/200ms' }), 5e8);
});
