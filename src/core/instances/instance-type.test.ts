/** Sizes by name become limits; what is no size is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { typeLimits } from './instance-type.ts';

test('CPUs and memory, each with parts', () => {
  assert.deepEqual(typeLimits(undefined), {});
  assert.deepEqual(typeLimits(''), {});
  assert.deepEqual(typeLimits('c2-m4'), { 'limits.cpu': '2', 'limits.memory': '4096MiB' });
  assert.deepEqual(typeLimits('m1'), { 'limits.memory': '1024MiB' });
  assert.deepEqual(typeLimits('c1.5'), { 'limits.cpu': '2', 'limits.cpu.allowance': '75%' });
  assert.deepEqual(typeLimits('c0.5-m0.2'), {
    'limits.cpu': '1',
    'limits.cpu.allowance': '50%',
    'limits.memory': '204MiB',
  });
});

test('anything else is refused', () => {
  for (const type of ['t2.micro', 'c', 'c0', 'm0', '-m1', 'c1.1.1', 'c1-m1-c1', 'c1e9'])
    assert.throws(() => typeLimits(type), /is not known/, type);
});
