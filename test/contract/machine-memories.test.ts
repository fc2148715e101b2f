/** Laws of src/core/ports/machine-memories.ts. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Pool } from '../../src/core/ports/storage.ts';
import { createMemoryStorageDriver } from './memory-pool.ts';

const mib = 2 ** 20;
const at = { id: '0000000000a1', snapshot: 'aa' };
const own = { id: at.id };

const law = (title: string, body: (pool: Pool, other: Pool) => Promise<void>) =>
  test(title, async () => {
    using driver = createMemoryStorageDriver();
    const open = (name: string) => driver.open({ name, driver: 'memory', config: {} });
    const pool = await open('one');
    await pool.disks.createEmpty(at.id, mib);
    await pool.disks.snapshot(at.id, at.snapshot);
    await body(pool, await open('two'));
  });

const holds = (text: string) => async (path: string) => writeFileSync(path, text, { mode: 0o600 });
const read = async ({ memories }: Pool, where: { id: string; snapshot?: string }) => {
  const path = await memories.find(where);
  return path === undefined ? undefined : readFileSync(path, 'utf8');
};

law('a memory is there when it is whole, and replaces the one before', async (pool) => {
  const { memories } = pool;
  let half = '';
  const failing = async (path: string) => {
    half = path;
    await holds('half')(path);
    throw new Error('no room');
  };
  await assert.rejects(memories.create(at, failing), /no room/);
  assert.deepEqual([await memories.find(at), existsSync(half)], [undefined, false]);
  await memories.create(at, holds('first'));
  await assert.rejects(memories.create(at, failing), /no room/);
  assert.equal(await read(pool, at), 'first');
  await memories.create(at, holds('second'));
  assert.equal(await read(pool, at), 'second');
  assert.ok((await memories.bytes(at)) > 0);
  assert.equal(statSync((await memories.find(at)) ?? '').mode & 0o777, 0o600);
});

law('the memory of a snapshot becomes that of its machine, and each goes alone', async (pool, other) => {
  const { memories } = pool;
  await memories.create(at, holds('kept'));
  assert.deepEqual(await memories.list(), []);
  await memories.link(at, own);
  assert.deepEqual(await memories.list(), [at.id]);
  await other.memories.copyFrom(memories, own, own);
  await memories.remove(own);
  assert.deepEqual([await read(pool, own), await read(pool, at), await read(other, own)], [undefined, 'kept', 'kept']);
  await memories.link({ ...own, snapshot: 'none' }, own);
  assert.equal(await memories.find(own), undefined);
  await memories.removeAll(at.id);
  await memories.removeAll(at.id);
  assert.deepEqual([await memories.find(at), await memories.bytes(at)], [undefined, 0]);
});

law('what belongs to no disk and no snapshot is swept', async (pool) => {
  const { memories, disks } = pool;
  for (const where of [own, at, { ...own, snapshot: 'gone' }, { id: '0000000000b2' }])
    await memories.create(where, holds('x'));
  const swept = await pool.sweep();
  const named = swept.filter((name) => name.startsWith('memories'));
  assert.deepEqual(named.sort(), ['memories/0000000000a1/gone', 'memories/0000000000b2']);
  await disks.removeSnapshot(at.id, at.snapshot);
  assert.ok((await pool.sweep()).includes('memories/0000000000a1/aa'));
  assert.deepEqual(await memories.list(), [at.id]);
});
