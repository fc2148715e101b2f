import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attribute, decodeAttributes, decodeMessages, encodeMessage, readText, text, u32 } from './netlink-message.ts';

test('netlink messages: several in one buffer come back with their attributes', () => {
  const body = Buffer.concat([attribute(3, text('eth0')), attribute(4, u32(1500))]);
  const first = encodeMessage({ type: 16, flags: 5, sequence: 7, body });
  const [one, two, ...rest] = decodeMessages(Buffer.concat([first, first]));
  assert.ok(one && two && rest.length === 0);
  assert.deepEqual([one.type, one.flags, one.sequence], [16, 5, 7]);
  const attributes = decodeAttributes(two.body);
  assert.equal(readText(attributes.get(3)), 'eth0');
  assert.equal(attributes.get(4)?.readUInt32LE(), 1500);
});

test('netlink attributes: nested ones are padded, flags in the type are ignored', () => {
  const nested = attribute(18 | 0x8000, [attribute(1, Buffer.from('veth')), attribute(2, Buffer.from([1]))]);
  assert.equal(nested.length % 4, 0);
  const inner = decodeAttributes(decodeAttributes(nested).get(18) ?? Buffer.alloc(0));
  assert.equal(readText(inner.get(1)), 'veth');
  assert.deepEqual([...(inner.get(2) ?? [])], [1]);
});

test('netlink decoding: a cut or lying buffer ends the list instead of reading on', () => {
  const whole = encodeMessage({ type: 1, flags: 0, sequence: 1, body: Buffer.alloc(8) });
  assert.equal(decodeMessages(whole.subarray(0, 20)).length, 0);
  assert.equal(decodeAttributes(Buffer.from([2, 0, 1, 0, 9, 9])).size, 0);
});
