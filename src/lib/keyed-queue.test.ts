import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKeyedQueue } from './keyed-queue.ts';

test('keyed queue: runs work of one key in order, one at a time', async () => {
  const enqueue = createKeyedQueue();
  const log: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = enqueue('a', async () => {
    log.push('first begins');
    await gate.promise;
    log.push('first ends');
    return 1;
  });
  const second = enqueue('a', async () => log.push('second'));
  const other = enqueue('b', async () => log.push('other key'));
  await other;
  assert.deepEqual(log, ['first begins', 'other key']);
  gate.resolve();
  assert.equal(await first, 1);
  await second;
  assert.deepEqual(log.slice(2), ['first ends', 'second']);
});

test('keyed queue: a failure reaches its caller only', async () => {
  const enqueue = createKeyedQueue();
  const failing = enqueue('a', async () => {
    throw new Error('broken');
  });
  const next = enqueue('a', async () => 'fine');
  await assert.rejects(failing, /broken/);
  assert.equal(await next, 'fine');
  assert.equal(await enqueue('a', async () => 'later'), 'later');
});
