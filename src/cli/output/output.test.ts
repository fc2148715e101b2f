import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Operation } from '../../api/resources/operations.ts';
import { progressOf } from './operation-progress.ts';
import { barText, frameText } from './progress.ts';
import { plainStyle, renderCompact, renderCsv, renderTable } from './table.ts';
import { usesColour, usesUnicode } from './terminal-style.ts';
import { cutText, printable, textWidth } from './text-width.ts';
import { formatBytes, formatDuration, formatTime, parseDuration } from './units.ts';

test('a table stays aligned with wide characters and several lines in a cell', () => {
  const text = renderTable(
    ['NAME', 'IPV4'],
    [
      ['größe', '10.0.0.1\n10.0.0.2'],
      ['日本', ''],
    ],
    plainStyle,
  );
  assert.equal(
    text,
    [
      '+-------+----------+',
      '| NAME  | IPV4     |',
      '+-------+----------+',
      '| größe | 10.0.0.1 |',
      '|       | 10.0.0.2 |',
      '| 日本  |          |',
      '+-------+----------+',
      '',
    ].join('\n'),
  );
  assert.equal(renderCompact(['A', 'B'], [['x', '1\n2']]), 'A  B\nx  1, 2\n');
  assert.equal(renderCsv([['a,b', 'c"d', 'e\nf', 'g']]), '"a,b","c""d","e\nf",g\n');
});

test('widths count columns, and foreign control characters are shown instead of obeyed', () => {
  assert.deepEqual(['abc', 'äöü', 'e\u0301', '日本', '🚀', ''].map(textWidth), [3, 3, 1, 4, 2, 0]);
  assert.equal(cutText('日本語', 4), '日…');
  assert.equal(printable('a\x1b[31mb\u202ec'), 'a\\x1b[31mb\\x202ec');
  assert.equal(renderTable(['A'], [['\x1b]0;x\x07']]).includes('\x1b'), false);
});

test('sizes, times and durations', () => {
  assert.deepEqual([0, 1023, 1024, 1_038_000, 5 * 2 ** 30].map(formatBytes), [
    '0B',
    '1023B',
    '1.00KiB',
    '1013.67KiB',
    '5.00GiB',
  ]);
  assert.equal(formatTime('2026-11-22T00:13:09.5Z'), '2026/11/22 00:13 UTC');
  assert.equal(formatTime('0001-01-01T00:00:00Z'), '');
  assert.deepEqual([35, 4200, 200_000, 7_500_000, 1_047_600_000].map(formatDuration), [
    '35 ms',
    '4.2 s',
    '3m 20s',
    '2h 5m',
    '12d 3h',
  ]);
  assert.deepEqual(['90', '1m30s', '1,5m', '2h', '50ms', '1x', ''].map(parseDuration), [
    90_000,
    90_000,
    90_000,
    7_200_000,
    50,
    undefined,
    undefined,
  ]);
});

test('an operation shows its step, its own progress and a bar', () => {
  const operation = (changes: Partial<Operation>) => progressOf({ metadata: null, ...changes } as Operation);
  const step = (position: number, status: 'running' | 'done') => ({
    name: `step ${position}`,
    position,
    total: 8,
    status,
    started_at: '',
    duration_ms: 0,
  });
  assert.deepEqual(operation({}), { text: '', fraction: undefined });
  assert.deepEqual(operation({ steps: [step(1, 'done'), step(3, 'running')] }), { text: '3/8 step 3', fraction: 0.25 });
  assert.deepEqual(operation({ metadata: { build_progress: 'unpack: 40%' } }), { text: 'unpack: 40%', fraction: 0.4 });
  assert.deepEqual(operation({ metadata: { progress: { percent: '75' } } }), { text: '', fraction: 0.75 });
  assert.equal(barText(0.5, 4, false), '[##..]');
  assert.equal(
    frameText('Launching web', { text: '3/8', fraction: 0.25 }, 1, 4200, false),
    '/ Launching web [#####...............] 3/8 (4.0 s)',
  );
});

test('colours and characters follow the terminal and its variables', () => {
  assert.equal(usesColour(true, { TERM: 'xterm' }), true);
  assert.equal(usesColour(true, { NO_COLOR: '1', FORCE_COLOR: '1' }), false);
  assert.equal(usesColour(false, { FORCE_COLOR: '1' }), true);
  assert.equal(usesColour(true, { TERM: 'dumb' }), false);
  assert.equal(usesUnicode({ LANG: 'de_DE.UTF-8' }), true);
  assert.equal(usesUnicode({ LANG: 'de_DE.UTF-8', LC_ALL: 'C' }), false);
});
