import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryStore } from '../store/memory/memory-store.ts';
import { openDocuments } from './documents.ts';
import { keys } from './model.ts';

test('documents are found by key and by folder, whatever their names hold, and follow commits', async () => {
  const store = createMemoryStore();
  await store.commit([{ put: 'instances/a', value: 1 }]);
  const documents = await openDocuments(store);
  await documents.commit([
    { put: keys.snapshot('a', 's1'), value: 's1' },
    { put: keys.snapshot('b', 's2'), value: 's2' },
    { put: keys.alias('default', 'debian/12'), value: 'deb' },
  ]);
  assert.deepEqual(documents.list('instances/'), [1]);
  assert.deepEqual(documents.list('snapshots/a/'), ['s1']);
  assert.deepEqual(documents.list('snapshots/c/'), []);
  assert.deepEqual(documents.list('snapshots/').sort(), ['s1', 's2']);
  assert.deepEqual(documents.list('aliases/default/'), ['deb']);
  assert.equal(documents.get(keys.alias('default', 'debian/12')), 'deb');
  await documents.delete(keys.snapshot('a', 's1'));
  assert.deepEqual(documents.list('snapshots/a/'), []);
  assert.equal(documents.get(keys.snapshot('a', 's1')), undefined);
  await documents.close();
});

test('the snapshots of one instance are found among fifty thousand in no time', async () => {
  const store = createMemoryStore();
  const changes = Array.from({ length: 50_000 }, (_, index) => ({
    put: keys.snapshot(`i${index % 1000}`, `s${index}`),
    value: index,
  }));
  await store.commit(changes);
  const documents = await openDocuments(store);
  const begin = performance.now();
  for (let index = 0; index < 1000; index++) assert.equal(documents.list(keys.snapshotsOf(`i${index}`)).length, 50);
  assert.ok(performance.now() - begin < 500, `${performance.now() - begin} ms`);
  await documents.close();
});
