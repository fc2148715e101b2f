import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endCause } from './end-cause.ts';

test('the exit file tells reboot, halt, kill, memory kill and crash apart', () => {
  assert.deepEqual(endCause('129', false), { kind: 'rebooting' });
  assert.deepEqual(endCause('130\n', false), { kind: 'halted' });
  assert.deepEqual(endCause('137', false), { kind: 'killed', signal: 'SIGKILL' });
  assert.deepEqual(endCause('137', true), { kind: 'oom' });
  assert.deepEqual(endCause('0', true), { kind: 'crashed', exitCode: 0 });
  assert.deepEqual(endCause('139', false), { kind: 'crashed', exitCode: 139 });
});

test('an exit file that makes no sense is an unknown end', () => {
  for (const text of ['', 'garbage', '-1']) assert.deepEqual(endCause(text, false), { kind: 'unknown' });
});
