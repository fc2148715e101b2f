import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitRefusal, type Members, resources, sumRefusal } from './limits.ts';
import { isBelow } from './restrictions.ts';

const guest = (name: string, size: string, pool = 'default') => ({
  name,
  type: 'container' as const,
  config: {},
  devices: { root: { type: 'disk', path: '/', pool, ...(size ? { size } : {}) } },
});
const members = (rest: Partial<Members>): Members => ({ project: 'p', guests: [], volumes: [], networks: 0, ...rest });

test('disk space is the sum of root disks and volumes, for all pools and for one', () => {
  const full = members({
    guests: [guest('a', '6GiB'), guest('b', '3GiB', 'other')],
    volumes: [{ name: 'v', pool: 'default', config: { size: '2GiB' } }],
  });
  assert.equal(sumRefusal({ 'limits.disk': '11GiB', 'limits.disk.pool.default': '8GiB' }, full), undefined);
  assert.match(sumRefusal({ 'limits.disk': '10GiB' }, full) ?? '', /aggregate value "10GiB" for "limits.disk"/);
  assert.match(sumRefusal({ 'limits.disk.pool.default': '7GiB' }, full) ?? '', /"limits.disk.pool.default"/);
  assert.equal(sumRefusal({ 'limits.disk.pool.other': '3GiB' }, full), undefined);
  assert.match(limitRefusal('limits.disk', '10GiB', full) ?? '', /current total is "11GiB"/);
  assert.deepEqual(resources({ 'limits.disk': '20GiB' }, full).disk, { Limit: 20 * 2 ** 30, Usage: 11 * 2 ** 30 });
});

test('what has no size cannot be added up, and counts as nothing in the state', () => {
  const open = members({ guests: [guest('a', '')], volumes: [{ name: 'v', pool: 'default', config: {} }] });
  assert.match(sumRefusal({ 'limits.disk': '10GiB' }, open) ?? '', /Instance "a" in project "p" has no "size"/);
  const volume = members({ volumes: [{ name: 'v', pool: 'default', config: {} }] });
  assert.match(sumRefusal({ 'limits.disk': '10GiB' }, volume) ?? '', /Custom volume "v" in project "p" has no "size"/);
  assert.equal(resources({}, open).disk?.Usage, 0);
});

test('paths are below a directory by their words, not by their letters', () => {
  const rows: [string, boolean][] = [
    ['/srv/a', true],
    ['/srv/a/b', true],
    ['/srv/a/../a/b', true],
    ['/srv/a//b/', true],
    ['/srv/ab', false],
    ['/srv/a/../b', false],
    ['/srv', false],
    ['a', false],
    ['', false],
  ];
  for (const [path, below] of rows) assert.equal(isBelow(path, ['/srv/a/']), below, path);
  assert.equal(isBelow('/anything', []), true);
  assert.equal(isBelow('/anything', ['/']), true);
});
