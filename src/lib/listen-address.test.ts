import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatListenAddress, parseListenAddress, reachableAddresses } from './listen-address.ts';

const forms: [string, string | undefined][] = [
  [':8443', ':8443'],
  ['[::]:8443', '[::]:8443'],
  ['[::]', '[::]:8443'],
  ['::', '[::]:8443'],
  ['::1', '[::1]:8443'],
  ['0.0.0.0:1', '0.0.0.0:1'],
  ['10.0.0.7', '10.0.0.7:8443'],
  ['10.0.0.7:65535', '10.0.0.7:65535'],
  ['[2001:DB8::0:7]:443', '[2001:db8::7]:443'],
  ['localhost', 'localhost:8443'],
  ['web.example:9', 'web.example:9'],
  ['', undefined],
  [':', undefined],
  [':0', undefined],
  [':65536', undefined],
  ['host:', undefined],
  ['host:port', undefined],
  ['[10.0.0.7]:1', undefined],
  ['300.1.1.1', undefined],
  ['a b', undefined],
  ['https://host:1', undefined],
  ['[::1', undefined],
  ['1:2:3', undefined],
];

for (const [text, wanted] of forms)
  test(`"${text}" is ${wanted ?? 'no address'}`, () => {
    const address = parseListenAddress(text);
    assert.equal(address && formatListenAddress(address), wanted);
  });

test('who listens on all addresses is reachable at each of the host, in the family that it listens on', () => {
  const host = ['10.0.0.7', '2001:db8::7'];
  const seen = (text: string) => {
    const address = parseListenAddress(text);
    assert.ok(address);
    return reachableAddresses(address, host);
  };
  assert.deepEqual(seen(':8443'), ['10.0.0.7:8443', '[2001:db8::7]:8443']);
  assert.deepEqual(seen('[::]:1'), ['10.0.0.7:1', '[2001:db8::7]:1']);
  assert.deepEqual(seen('0.0.0.0:1'), ['10.0.0.7:1']);
  assert.deepEqual(seen('127.0.0.1:1'), ['127.0.0.1:1']);
  assert.deepEqual(seen('::1'), ['[::1]:8443']);
});
