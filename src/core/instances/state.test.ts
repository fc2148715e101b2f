import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '../../api/errors.ts';
import type { Phase } from '../model.ts';
import { type LifeEvent, nextPhase, phaseStatus, transitions } from './state.ts';

const events: LifeEvent[] = [
  'created',
  'arrived',
  'start',
  'started',
  'start-failed',
  'stop',
  'stop-failed',
  'freeze',
  'unfreeze',
  'ended',
  'restore',
  'restored',
  'delete',
];

/** What is allowed, written down a second time: a change of the table has to be meant. */
const allowed = `
creating created stopped
creating arrived running
creating delete deleting
stopped start starting
stopped restore restoring
stopped delete deleting
starting started running
starting start-failed stopped
starting ended stopped
running stop stopping
running freeze frozen
running ended stopped
frozen stop stopping
frozen unfreeze running
frozen ended stopped
stopping stop stopping
stopping stop-failed running
stopping ended stopped
restoring restored stopped
restoring delete deleting
deleting delete deleting`
  .trim()
  .split('\n')
  .map((line) => line.split(' '));

for (const phase of Object.keys(transitions) as Phase[])
  for (const event of events) {
    const [, , next] = allowed.find(([from, what]) => from === phase && what === event) ?? [];
    test(`${phase}: ${event} ${next ? `leads to ${next}` : 'is refused'}`, () => {
      if (next) return assert.equal(nextPhase(phase, event, 'web'), next);
      assert.throws(
        () => nextPhase(phase, event, 'web'),
        (error) => error instanceof ApiError && error.status === 400,
      );
    });
  }

test('every phase has a word of the API, and leads somewhere', () => {
  for (const phase of Object.keys(transitions) as Phase[]) {
    assert.match(phaseStatus[phase], /^(Stopped|Running|Frozen)$/);
    assert.ok(Object.keys(transitions[phase]).length > 0);
  }
});

test('refusals say what is the case', () => {
  assert.throws(() => nextPhase('running', 'delete', 'web'), /Instance is running/);
  assert.throws(() => nextPhase('stopped', 'stop', 'web'), /already stopped/);
  assert.throws(() => nextPhase('restoring', 'start', 'web'), /busy running a restore operation/);
});
