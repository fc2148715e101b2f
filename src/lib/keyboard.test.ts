import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseChord } from './keyboard.ts';

test('keys that are pressed together (M09)', () => {
  const chords: [string, string[]][] = [
    ['ctrl-alt-f1', ['ctrl', 'alt', 'f1']],
    ['Ctrl+Alt+Delete', ['ctrl', 'alt', 'delete']],
    ['a', ['a']],
    ['enter', ['ret']],
    ['alt-sysrq-b', ['alt', 'sysrq', 'b']],
    ['kp_5', ['kp_5']],
    ['meta_l', ['meta_l']],
    ['right-alt-e', ['alt_r', 'e']],
    ['shift-right', ['shift', 'right']],
    ['-', ['minus']],
    ['ctrl--', ['ctrl', 'minus']],
    ['ctrl-/', ['ctrl', 'slash']],
    ['shift-=', ['shift', 'equal']],
  ];
  for (const [text, keys] of chords) assert.deepEqual(parseChord(text), keys, text);
});

test('what no keyboard has is no key', () => {
  for (const text of ['', 'ctrl-', 'f13', 'ctrl-alt-nothing', 'a b', 'ä', '--', 'constructor', 'a-b-c-d-e-f-g-h-i'])
    assert.equal(parseChord(text), undefined, text);
});
