import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePortWords } from './port-words.ts';

test('a port here and a port of the guest', () => {
  const cases: [string, unknown][] = [
    ['80', { here: { host: '127.0.0.1', port: 80 }, port: 80 }],
    ['8080:80', { here: { host: '127.0.0.1', port: 8080 }, port: 80 }],
    ['0:80', { here: { host: '127.0.0.1', port: 0 }, port: 80 }],
    ['0.0.0.0:8080:80', { here: { host: '0.0.0.0', port: 8080 }, port: 80 }],
    ['[::1]:8080:80', { here: { host: '::1', port: 8080 }, port: 80 }],
    ['localhost:8080:80', { here: { host: 'localhost', port: 8080 }, port: 80 }],
  ];
  for (const [word, expected] of cases) assert.deepEqual(parsePortWords(word), expected, word);
});

test('anything else is refused', () => {
  for (const word of [
    '',
    'x',
    '0',
    '8080:0',
    '65536',
    '1:70000',
    '99999:1',
    '::1:80:80',
    '8080:80:tcp',
    ':80',
    '80:',
    '-',
  ])
    assert.throws(() => parsePortWords(word), /no port to forward/, word);
});
