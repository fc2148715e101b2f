import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listensFor } from './ask-init.ts';

const status = (blocked: string, caught: string) =>
  `Name:\tinit\nSigBlk:\t${blocked}\nSigIgn:\t0000000000000000\nSigCgt:\t${caught}\n`;

test('an init listens for a signal that it catches or reads from a descriptor, and for no other', () => {
  // SIGRTMIN+3 is 37, bit 36; SIGPWR is 30, bit 29.
  assert.equal(listensFor(status('0000001000000000', '0'.repeat(16)), 37), true);
  assert.equal(listensFor(status('0'.repeat(16), '0000000020000000'), 30), true);
  assert.equal(listensFor(status('0'.repeat(16), '0000000020000000'), 37), false);
  assert.equal(listensFor('Name:\tinit\n', 37), false);
});
