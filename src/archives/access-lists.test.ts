import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessListText, withAccessLists } from './access-lists.ts';

const list = Buffer.from(
  '0200000001000600ffffffff02000600e803000004000400ffffffff10000600ffffffff20000400ffffffff',
  'hex',
);
const text = 'user::rw-,user:1000:rw-,group::r--,mask::rw-,other::r--';

test("the kernel's access list becomes the text of GNU tar", () => {
  assert.equal(accessListText(list), text);
});

test('a list that makes no sense, or names an owner beyond those of a guest, is none', () => {
  const beyond = Buffer.from(list);
  beyond.writeUInt32LE(100_000, 16);
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(4), list.subarray(0, 9), beyond])
    assert.equal(accessListText(bytes), undefined);
});

test('a list of GNU tar goes first, and other records stay', () => {
  const raw = list.toString('latin1');
  const records = new Map([
    ['SCHILY.xattr.system.posix_acl_access', raw],
    ['SCHILY.xattr.system.posix_acl_default', raw],
    ['SCHILY.acl.access', 'user::r--'],
    ['SCHILY.xattr.user.x', 'y'],
  ]);
  assert.deepEqual([...withAccessLists(records)].sort(), [
    ['SCHILY.acl.access', 'user::r--'],
    ['SCHILY.acl.default', text],
    ['SCHILY.xattr.user.x', 'y'],
  ]);
});
