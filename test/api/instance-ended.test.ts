/** Instances whose guest has just ended by itself, while what it left is still being cleared away. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Instance } from '../../src/api/resources/instances.ts';
import { addImage, createWorld, fromImage, live } from './house.ts';

test('an instance that is seen stopped can be deleted at once, whatever its end has left', async () => {
  using world = createWorld();
  const cleared = Promise.withResolvers<void>();
  const { remove } = world.engine;
  const container = {
    ...world.engine,
    async remove(id: string) {
      await cleared.promise;
      await remove(id);
    },
  };
  const engines = { container, 'virtual-machine': world.machines };
  await using life = await live(world, { engines });
  await addImage(life, 'base');
  await life.must('POST', '/1.0/instances', fromImage('web', { start: true }));
  const [{ id } = { id: '' }] = await world.engine.observe();
  world.engine.end(id, { kind: 'halted' });
  const status = async () => (await life.get<Instance>('/1.0/instances/web')).status;
  while ((await status()) !== 'Stopped') await setImmediate();
  const deleting = life.must('DELETE', '/1.0/instances/web');
  await setImmediate();
  cleared.resolve();
  await deleting;
  assert.deepEqual(await life.get('/1.0/instances'), []);
  assert.deepEqual(life.bugs, []);
});
