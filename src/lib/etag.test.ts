import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalJson, etagOf } from './etag.ts';

test('etagOf: does not depend on the order of members', () => {
  const one = { config: { 'user.b': '1', 'user.a': '2' }, devices: {}, profiles: ['x', 'y'] };
  const other = { profiles: ['x', 'y'], devices: {}, config: { 'user.a': '2', 'user.b': '1' } };
  assert.equal(etagOf(one), etagOf(other));
  assert.match(etagOf(one), /^[0-9a-f]{64}$/);
});

test('etagOf: depends on everything else', () => {
  const values = [
    { a: [1, 2] },
    { a: [2, 1] },
    { a: '1' },
    { a: 1 },
    { a: null },
    {},
    [],
    null,
    { b: 1 },
    { a: { b: 1 } },
  ];
  assert.equal(new Set(values.map(etagOf)).size, values.length);
  assert.equal(etagOf({ a: 1, b: undefined }), etagOf({ a: 1 }));
});

test('canonicalJson: sorts at every depth and keeps hostile names', () => {
  assert.equal(canonicalJson({ b: [{ d: 1, c: 2 }], a: null }), '{"a":null,"b":[{"c":2,"d":1}]}');
  assert.equal(canonicalJson(JSON.parse('{"b":1,"__proto__":{"z":1,"a":2}}')), '{"__proto__":{"a":2,"z":1},"b":1}');
});
