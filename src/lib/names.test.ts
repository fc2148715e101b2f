import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import * as names from './names.ts';
import { randomName } from './random-name.ts';

test('instanceNameError: takes host names', () => {
  for (const name of ['a', 'web', 'Web-1', 'a--b', 'x'.repeat(63)])
    assert.equal(names.instanceNameError(name), undefined, name);
});

test('instanceNameError: speaks as Incus does', () => {
  const charset = 'Invalid instance name: Name can only contain alphanumeric and hyphen characters';
  for (const name of ['a_b', 'a b', 'a.b', 'ä', 'a/b', 'a\n', 'a\0', '../x'])
    assert.equal(names.instanceNameError(name), charset, name);
  assert.match(names.instanceNameError('') ?? '', /1-63 characters/);
  assert.match(names.instanceNameError('x'.repeat(64)) ?? '', /1-63 characters/);
  assert.match(names.instanceNameError('12') ?? '', /cannot be a number/);
  assert.equal(names.instanceNameError('1a'), undefined);
  assert.match(names.instanceNameError('-a') ?? '', /start with "-"/);
  assert.match(names.instanceNameError('a-') ?? '', /end with "-"/);
});

test('the other names: what becomes a file or a link name is safe', () => {
  const checks = [
    names.snapshotNameError,
    names.profileNameError,
    names.projectNameError,
    names.poolNameError,
    names.networkNameError,
  ];
  for (const check of checks) {
    for (const name of ['snap0', 'default-2', 'a.b']) assert.equal(check(name), undefined, `${check.name} ${name}`);
    for (const name of ['', '.', '..', 'a/b', '../x', 'a\0', 'a\u001bb', 'x'.repeat(64)])
      assert.ok(check(name), `${check.name} ${JSON.stringify(name)}`);
  }
  assert.equal(names.networkNameError('gastbr0'), undefined);
  for (const name of ['abcdefghijklmnop', 'lo', 'all', '-br', 'br 0', 'br%d'])
    assert.ok(names.networkNameError(name), name);
  assert.ok(names.snapshotNameError('a b'));
  for (const name of ['a_b', '*', "a'b"]) assert.ok(names.projectNameError(name), name);
});

test('nextNumbered: goes on after the highest of its own series', () => {
  assert.equal(names.nextNumbered('snap', []), 'snap0');
  assert.equal(names.nextNumbered('snap', ['snap0', 'snap7', 'other9', 'snap', 'snap-1', 'snap08', 'snapx']), 'snap8');
});

test('randomName: gives good and free names', () => {
  const taken = new Set<string>();
  for (let count = 0; count < 3000; count++) {
    const name = randomName(
      (bytes) => randomBytes(bytes).toString('hex'),
      (candidate) => taken.has(candidate),
    );
    assert.equal(names.instanceNameError(name), undefined, name);
    taken.add(name);
  }
  assert.equal(taken.size, 3000);
});
