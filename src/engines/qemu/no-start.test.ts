import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noStart } from './no-start.ts';

const cause = new Error('it closed the connection');

test('a lock of a disk is told as what it is', () => {
  const words =
    'qemu: -blockdev {...}: Failed to get "write" lock\nIs another process using the image [/dev/fdset/6]?\n';
  const { message, errno } = noStart(words, cause);
  assert.deepEqual([message, errno], ['QEMU did not start: a disk of it is in use by another program', 'EBUSY']);
});

test('what is not known comes in the last words of QEMU, and in ours where it said none', () => {
  assert.equal(noStart('one\ntwo\nthree\nfour\n', cause).message, 'QEMU did not start: two / three / four');
  assert.equal(noStart('', cause).message, 'QEMU did not start: it closed the connection');
});
