import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryStore } from '../../store/memory/memory-store.ts';
import { openDocuments } from '../documents.ts';
import type { House } from '../house.ts';
import { type InstanceDoc, keys } from '../model.ts';
import { hostMapOf, newIdBase, nextIdBase, rangeOf } from './ids.ts';

type Needs = Pick<House, 'documents' | 'facts'>;

async function houseWith(idBlock: House['facts']['idBlock'], bases: readonly number[] = []): Promise<Needs> {
  const documents = await openDocuments(createMemoryStore());
  for (const [index, idBase] of bases.entries()) {
    const id = `a${index}`;
    await documents.put(keys.instance(id), { id, idBase, name: id, project: 'default' } as InstanceDoc);
  }
  return { documents, facts: { idBlock } as House['facts'] };
}

const isolated = { 'security.idmap.isolated': 'true' };
const root = { base: 1_000_000, ranges: 2, size: 65_536, shared: false };
const user = { base: 0, ranges: 3, size: 65_536, shared: true };

test("root's guests have a range each, and keep it (A05)", async () => {
  const house = await houseWith(root, [1_000_000]);
  assert.equal(newIdBase(house), 1_065_536);
  assert.equal(nextIdBase(house, { idBase: 1_000_000 }, isolated), 1_000_000);
  const full = await houseWith(root, [1_000_000, 1_065_536]);
  assert.throws(() => newIdBase(full), /all 2 id ranges of this server are taken; delete an instance first/);
});

test("an ordinary user's guests share one range; isolated ones have others, from their next start on (B10)", async () => {
  const house = await houseWith(user, [0, 65_536]);
  assert.equal(newIdBase(house), 0);
  assert.equal(nextIdBase(house, { idBase: 0 }, {}), 0);
  assert.equal(nextIdBase(house, { idBase: 0 }, isolated), 131_072);
  assert.equal(nextIdBase(house, { idBase: 65_536 }, isolated), 65_536);
  assert.equal(nextIdBase(house, { idBase: 65_536 }, {}), 0);
});

test('more isolated guests than ranges are refused with what helps', async () => {
  const house = await houseWith(user, [0, 65_536, 131_072]);
  assert.throws(() => nextIdBase(house, { idBase: 0 }, isolated), /no further range .*\/etc\/subuid/);
});

test('the map to the host is told row by row, with nobody where there are few ids', () => {
  const facts = (idBlock: House['facts']['idBlock']) => ({ facts: { idBlock } as House['facts'] });
  assert.deepEqual(hostMapOf(facts(root), { idBase: 1_065_536 }), [{ inside: 0, outside: 1_065_536, count: 65_536 }]);
  const outside = [
    { inside: 0, outside: 100_000, count: 600 },
    { inside: 600, outside: 300_000, count: 399 },
    { inside: 65_534, outside: 300_399, count: 1 },
  ];
  const few = facts({ ...user, ranges: 0, size: 999, outside });
  assert.deepEqual(hostMapOf(few, { idBase: 0 }), outside);
  assert.deepEqual(rangeOf(few, { idBase: 0 }), { base: 0, size: 999 });
});
