import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeMessage, encodeMessage, type Message, ProtobufDamaged } from './protobuf.ts';

const inner: Message = [{ number: 1, name: 'key', kind: 'string', required: true }];
const outer: Message = [
  { number: 1, name: 'on', kind: 'bool', required: true },
  { number: 2, name: 'size', kind: 'int' },
  { number: 3, name: 'names', kind: 'string', repeated: true },
  { number: 4, name: 'inner', kind: inner, repeated: true },
  { number: 1001, name: 'far', kind: 'bool' },
];

test('what is written is read again', () => {
  const values = {
    on: true,
    size: -62_135_596_800,
    names: ['', 'é', 'x'.repeat(300)],
    inner: [{ key: 'a' }, { key: 'b' }],
    far: true,
  };
  assert.deepEqual(decodeMessage(outer, encodeMessage(outer, values)), values);
});

test('numbers are varints of the documented form', () => {
  assert.equal(encodeMessage(outer, { on: false, size: 300 }).toString('hex'), '080010ac02');
  assert.equal(encodeMessage(outer, { on: false, size: -1 }).toString('hex'), '080010ffffffffffffffffff01');
});

test('fields that are not known are skipped, whatever their type', () => {
  const unknown = Buffer.from('a00601' + 'a90600000000000000ff' + 'ad06000000ff' + 'a2060261620801', 'hex');
  assert.deepEqual(decodeMessage(outer, unknown), { on: true });
});

test('damaged bytes are refused', () => {
  const damaged: [string, string][] = [
    ['', 'required field'],
    ['0a01', 'wrong type'],
    ['08', 'cut number'],
    ['08ffffffffffffffffffffff01', 'long number'],
    ['08011aff', 'cut length'],
    ['08011a05aa', 'cut string'],
    ['08011a01ff', 'not UTF-8'],
    ['080122020aff', 'cut inner message'],
    ['0b', 'group'],
  ];
  for (const [hex, what] of damaged)
    assert.throws(() => decodeMessage(outer, Buffer.from(hex, 'hex')), ProtobufDamaged, what);
  assert.throws(() => encodeMessage(outer, {}), ProtobufDamaged);
});
