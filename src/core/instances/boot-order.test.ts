import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deviceTypes } from '../../devices/device-types.ts';
import { bootIndexes } from './boot-order.ts';

const root = { type: 'disk', path: '/', pool: 'default' };
const house = { devices: deviceTypes };

test('without priorities a machine starts from its root disk alone', () => {
  assert.deepEqual(bootIndexes(house, { root, eth0: { type: 'nic', network: 'n' } }), { root: 1 });
});

test('higher priorities come first; of equals the root disk', () => {
  const devices = {
    root,
    cd: { type: 'disk', source: '/x.iso', 'boot.priority': '10' },
    eth0: { type: 'nic', network: 'n', name: 'lan', 'boot.priority': '1' },
    b: { type: 'disk', source: '/y', 'boot.priority': '0' },
  };
  assert.deepEqual(bootIndexes(house, devices), { 'part/cd': 1, root: 2, 'card/lan': 3, 'part/b': 4 });
});
