import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatCpuList, parseCpuList } from './cpu-list.ts';

test('CPU lists are read and written in the kernel’s notation', () => {
  assert.deepEqual(parseCpuList('0-2,5\n'), [0, 1, 2, 5]);
  assert.deepEqual(parseCpuList('3,1,1'), [1, 3]);
  assert.equal(formatCpuList([0, 1, 2, 5, 7, 8]), '0-2,5,7-8');
  assert.equal(formatCpuList([]), '');
});

test('what is no CPU list is none', () => {
  for (const text of ['', 'a', '1-', '-1', '1,,2', '0-99999999']) assert.equal(parseCpuList(text), undefined, text);
});
