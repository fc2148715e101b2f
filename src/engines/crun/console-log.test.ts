import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderConsole } from './console-log.ts';

const time = '2026-11-22T02:56:57.507498574+00:00';
const render = (text: string) => {
  const { output, rest } = renderConsole(Buffer.from(text));
  return [output.toString(), rest.toString()];
};

test('whole and partial lines become what the guest wrote', () => {
  assert.deepEqual(render(`${time} stdout F one two\n${time} stdout F \n${time} stdout P login: \n`), [
    'one two\n\nlogin: ',
    '',
  ]);
});

test('an unfinished last line waits', () => {
  assert.deepEqual(render(`${time} stdout F a\n${time} std`), ['a\n', `${time} std`]);
});

test('a fragment after a truncation is shown, not lost', () => {
  assert.deepEqual(render('fragment\n'), ['fragment\n', '']);
});

test('bytes that are no text survive', () => {
  const raw = Buffer.concat([Buffer.from(`${time} stdout P `), Buffer.from([0xff, 0x00, 0x1b]), Buffer.from('\n')]);
  assert.deepEqual([...renderConsole(raw).output], [0xff, 0x00, 0x1b]);
});
