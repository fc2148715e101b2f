import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  checkInstanceConfig,
  configEnvironment,
  parseLimits,
  patchedConfig,
  plainConfig,
  splitList,
} from './config.ts';

const GiB = 2 ** 30;
const facts = { cpus: 4, memoryBytes: 8 * GiB };

test('without limits a guest leaves a reserve to the host', () => {
  assert.deepEqual(parseLimits({}, facts), {
    memoryBytes: 7.5 * GiB,
    processes: 8192,
    byDefault: ['limits.memory', 'limits.processes'],
  });
  assert.equal(parseLimits({}, { cpus: 1, memoryBytes: GiB / 2 }).memoryBytes, GiB / 4);
});

for (const [config, limits] of [
  [{ 'limits.cpu': '2' }, { cpuCount: 2 }],
  [{ 'limits.cpu': '64' }, { cpuCount: 4 }],
  [{ 'limits.cpu': '0-1,3' }, { cpuSet: '0-1,3' }],
  [{ 'limits.cpu': '0-0' }, { cpuSet: '0-0' }],
  [{ 'limits.cpu.allowance': '25ms/100ms' }, { cpuQuota: { quotaUs: 25_000, periodUs: 100_000 } }],
  [{ 'limits.cpu.allowance': '50%' }, { cpuShare: 50 }],
  [{ 'limits.cpu.priority': '0' }, { cpuPriority: 0 }],
  [{ 'limits.memory': '64MiB' }, { memoryBytes: 64 * 2 ** 20 }],
  [{ 'limits.memory': '1GB' }, { memoryBytes: 1e9 }],
  [{ 'limits.memory': '50%' }, { memoryBytes: 4 * GiB }],
  [{ 'limits.memory.swap': 'false' }, { swap: false }],
  [{ 'limits.processes': '100' }, { processes: 100 }],
] as const)
  test(`limits of ${JSON.stringify(config)}`, () => {
    checkInstanceConfig(facts, config);
    const { byDefault, ...found } = parseLimits(config, facts);
    assert.deepEqual(found, { memoryBytes: 7.5 * GiB, processes: 8192, ...limits });
    assert.ok(!Object.keys(config).some((key) => byDefault?.includes(key)));
  });

for (const [config, reason] of [
  [{ 'limits.cpu': '0' }, /limits\.cpu/],
  [{ 'limits.cpu': '2-4' }, /no CPU 4, its CPUs are 0 to 3/],
  [{ 'limits.memory': '0' }, /limits\.memory/],
  [{ 'limits.processes': '0' }, /from 1/],
  [{ nosuch: '1' }, /Unknown configuration key: nosuch/],
] as const)
  test(`refused: ${JSON.stringify(config)}`, () => {
    assert.throws(() => checkInstanceConfig(facts, config), reason);
  });

test('config from requests: everything becomes text, nothing and null are left out', () => {
  assert.deepEqual(plainConfig({ a: 1, b: true, c: null, d: '', e: 'x' }), { a: '1', b: 'true', e: 'x' });
  assert.deepEqual(plainConfig(null), {});
});

test('a PATCH changes what it names, and null or nothing takes a key away', () => {
  const old = { a: '1', b: '2', c: '3' };
  assert.deepEqual(patchedConfig(old, { a: 'x', b: null, c: '' }), { a: 'x' });
  assert.deepEqual(patchedConfig(old, undefined), old);
});

test('environment keys and lists', () => {
  assert.deepEqual(configEnvironment({ 'environment.A': '1', 'user.B': '2' }), { A: '1' });
  assert.deepEqual(splitList(' a, b\nc '), ['a', 'b', 'c']);
});
