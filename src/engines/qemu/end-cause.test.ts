import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endCause } from './end-cause.ts';

test('a guest that powered off has halted', () => {
  assert.deepEqual(endCause('0\n', false, ''), { kind: 'halted' });
});

test('SIGTERM from the host is told from a power-off, though QEMU ends with 0 both times', () => {
  const said = 'qemu-system-x86_64: terminating on signal 15 from pid 77 (/bin/kill)\n';
  assert.deepEqual(endCause('0\n', false, said), { kind: 'killed', signal: 'SIGTERM' });
});

test('a QEMU that was killed, or killed for memory', () => {
  assert.deepEqual(endCause('137\n', false, 'Killed\n'), { kind: 'killed', signal: 'SIGKILL' });
  assert.deepEqual(endCause('137\n', true, ''), { kind: 'oom' });
});

test('one that breaks leaves its last words', () => {
  const said = 'one\ntwo\nqemu: block.c:1: f: Assertion `x` failed.\nAborted (core dumped)\n';
  const words = 'one\ntwo\nqemu: block.c:1: f: Assertion `x` failed.';
  assert.deepEqual(endCause('134\n', false, said), { kind: 'killed', signal: 'SIGABRT', said: words });
  assert.deepEqual(endCause('1\n', false, `zero\n${said}`), { kind: 'crashed', exitCode: 1, said: words });
});

test('a panic of the guest is a crash', () => {
  assert.deepEqual(endCause('1\n', false, ''), { kind: 'crashed', exitCode: 1 });
});

test('an exit file without a number tells nothing', () => {
  assert.deepEqual(endCause('', false, ''), { kind: 'unknown' });
});
