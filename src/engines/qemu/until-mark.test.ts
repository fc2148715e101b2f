import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { untilMark } from './until-mark.ts';

async function through(pieces: string[], onFirstLine?: (text: string) => void): Promise<string> {
  const stream = untilMark('MARK', onFirstLine);
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

test('a first line is told and not passed on', async () => {
  const lines: string[] = [];
  assert.equal(await through(['12', '34 /dev/pts/0\r\nout', 'MARK'], (text) => lines.push(text)), 'out');
  assert.deepEqual(lines, ['1234 /dev/pts/0']);
});

test('an answer that ends like the beginning of a mark is not kept back from whoever waits for it', async () => {
  const stream = untilMark('MARK');
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    text += chunk;
  });
  stream.write('what is asked for: M');
  await sleep(100);
  assert.equal(text, 'what is asked for: M');
  stream.write('MARK');
  await stream.marked;
  assert.equal(text, 'what is asked for: M');
});

test('a mark in pieces is one for a slow reader, too', async () => {
  const stream = untilMark('MARK');
  const long = Buffer.alloc(stream.readableHighWaterMark, 'x');
  stream.write(Buffer.concat([long, Buffer.from('MA')]));
  stream.write('RK');
  await sleep(100);
  assert.equal(Buffer.concat(await stream.toArray()).toString(), long.toString());
});
