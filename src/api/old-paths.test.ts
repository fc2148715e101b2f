import assert from 'node:assert/strict';
import { test } from 'node:test';
import { presentPath } from './old-paths.ts';

test('old paths of LXD lead to instances, whatever follows; others stay as they are', () => {
  assert.equal(presentPath('/1.0/containers'), '/1.0/instances');
  assert.equal(presentPath('/1.0/containers?recursion=1'), '/1.0/instances?recursion=1');
  assert.equal(presentPath('/1.0/containers/a%2Fb/state'), '/1.0/instances/a%2Fb/state');
  assert.equal(presentPath('/1.0/virtual-machines/v'), '/1.0/instances/v');
  for (const path of ['/1.0/containersx', '/1.0/instances/containers', '/x/1.0/containers'])
    assert.equal(presentPath(path), path);
});
