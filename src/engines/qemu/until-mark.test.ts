import assert from 'node:assert/strict';
import { test } from 'node:test';
import { untilMark } from './until-mark.ts';

async function through(pieces: string[], onNumber?: (value: number) => void): Promise<string> {
  const stream = untilMark('MARK', onNumber);
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    text += chunk;
  });
  for (const piece of pieces) stream.write(piece);
  await stream.marked;
  return text;
}

test('what comes before the mark is passed on, the mark and what follows are not', async () => {
  assert.equal(await through(['one two', ' threeMARKfour', 'five']), 'one two three');
});

test('a mark in pieces is one, and what only begins like it is not', async () => {
  assert.equal(await through(['a MA', 'R', 'MARM', 'ARK']), 'a MARMAR');
});

test('a mark at once', async () => {
  assert.equal(await through(['MARK']), '');
});

test('a number in the first line is told and not passed on', async () => {
  const numbers: number[] = [];
  assert.equal(await through(['12', '34\nout', 'MARK'], (value) => numbers.push(value)), 'out');
  assert.deepEqual(numbers, [1234]);
});
