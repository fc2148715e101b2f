import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseScreenSize, screenSizeRule, screenSizeText } from './screen-size.ts';

test('sizes are read and written (M03, M06)', () => {
  assert.deepEqual(parseScreenSize('1280x720'), { width: 1280, height: 720 });
  assert.deepEqual(parseScreenSize('3840x2160'), { width: 3840, height: 2160 });
  assert.equal(screenSizeText({ width: 640, height: 480 }), '640x480');
});

test('what no screen can have is none', () => {
  for (const text of [
    '',
    '1280',
    '1280X720',
    '1280x720x3',
    ' 1280x720',
    '632x480',
    '640x479',
    '5128x2160',
    '5120x2161',
    '12800x720',
    '-640x480',
  ])
    assert.equal(parseScreenSize(text), undefined, text);
});

test('a width that hardware does not count is refused with its neighbours', () => {
  assert.equal(parseScreenSize('1366x768'), undefined);
  assert.match(screenSizeRule('1366x768'), /multiple of 8: 1360x768 or 1368x768$/);
  assert.match(screenSizeRule('big'), /from 640x480 to 5120x2160/);
});
