import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasEnded, parseProcessStat } from './process-stat.ts';

const line = (name: string, state: string) => `77 (${name}) ${state} 5 ${'0 '.repeat(17)}4711 0 0`;

test('a name with blanks and parentheses hides no field', () => {
  assert.deepEqual(parseProcessStat(line('a) b (c', 'S')), { state: 'S', parent: 5, startTicks: 4711 });
});

test('a process that nobody has waited for has ended', () => {
  assert.deepEqual(
    ['S', 'Z', 'X'].map((state) => hasEnded(parseProcessStat(line('x', state)))),
    [false, true, true],
  );
});
