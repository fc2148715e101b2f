/** Whether a disk has a partition from which UEFI starts, in both kinds of tables, and in damaged ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasEfiPartition } from './boot-ways.ts';

const efi = Buffer.from('28732ac11ff8d211ba4b00a0c93ec93b', 'hex');
const linux = Buffer.from('af3dc60f838472478e793d69d8477de4', 'hex');

function gpt(types: readonly Buffer[], change: (head: Buffer) => void = () => {}): Buffer {
  const head = Buffer.alloc(64 * 1024);
  head.write('EFI PART', 512, 'latin1');
  head.writeBigUInt64LE(2n, 512 + 72);
  head.writeUInt32LE(128, 512 + 80);
  head.writeUInt32LE(128, 512 + 84);
  for (const [index, type] of types.entries()) type.copy(head, 1024 + index * 128);
  change(head);
  return head;
}

function mbr(type: number): Buffer {
  const head = Buffer.alloc(512);
  head.writeUInt16LE(0xaa55, 510);
  head[462 + 4] = type;
  return head;
}

test('hasEfiPartition: by the type of a partition (M01)', () => {
  assert.equal(hasEfiPartition(gpt([linux, efi])), true);
  assert.equal(hasEfiPartition(gpt([linux])), false);
  assert.equal(hasEfiPartition(mbr(0xef)), true);
  assert.equal(hasEfiPartition(mbr(0x83)), false);
});

test('hasEfiPartition: tables that lie are read no further than there are bytes', () => {
  const hugeCount = gpt([], (head) => head.writeUInt32LE(0xffff_ffff, 512 + 80));
  const farAway = gpt([efi], (head) => head.writeBigUInt64LE(2n ** 63n, 512 + 72));
  const tinyEntries = gpt([efi], (head) => head.writeUInt32LE(0, 512 + 84));
  for (const head of [hugeCount, farAway, tinyEntries, Buffer.alloc(100), Buffer.alloc(600)])
    assert.equal(hasEfiPartition(head), false);
});
