import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeClock } from '../../../test/contract/fake-clock.ts';
import { runSteps, type Step, type StepReport } from './steps.ts';

type Log = string[];

const step = (name: string, extra: Partial<Step<Log>> = {}): Step<Log> => ({
  name,
  do: (log) => void log.push(`do ${name}`),
  undo: (log) => void log.push(`undo ${name}`),
  ...extra,
});
const failing = (name: string): Step<Log> =>
  step(name, {
    do: () => {
      throw new Error(`${name} failed`);
    },
  });

function setUp(signal = new AbortController().signal) {
  const log: Log = [];
  const reports: StepReport[] = [];
  const undoErrors: [string, unknown][] = [];
  const clock = createFakeClock();
  const options = {
    signal,
    elapsedMs: clock.elapsedMs,
    onStep: (report: StepReport) => void reports.push(report),
    onUndoError: (name: string, error: unknown) => void undoErrors.push([name, error]),
  };
  return { log, reports, undoErrors, options };
}

test('steps run in their order and nothing is undone on success', async () => {
  const { log, reports, options } = setUp();
  await runSteps([step('a'), step('b')], log, options);
  assert.deepEqual(log, ['do a', 'do b']);
  assert.deepEqual(
    reports.map(({ name, position, total, status }) => [name, position, total, status]),
    [
      ['a', 1, 2, 'running'],
      ['a', 1, 2, 'done'],
      ['b', 2, 2, 'running'],
      ['b', 2, 2, 'done'],
    ],
  );
});

test('a failure undoes backwards, the failed step included, and is what the caller sees', async () => {
  const { log, reports, options } = setUp();
  await assert.rejects(runSteps([step('a'), step('b'), failing('c'), step('d')], log, options), /c failed/);
  assert.deepEqual(log, ['do a', 'do b', 'undo c', 'undo b', 'undo a']);
  assert.deepEqual(
    reports.filter(({ status }) => status !== 'running' && status !== 'done').map(({ name, status }) => [name, status]),
    [
      ['c', 'failed'],
      ['c', 'undone'],
      ['b', 'undone'],
      ['a', 'undone'],
    ],
  );
});

test('a cancelled signal stops before the next step and undoes what was done', async () => {
  const controller = new AbortController();
  const { log, options } = setUp(controller.signal);
  const stopping = step('b', { do: () => controller.abort(new Error('enough')) });
  await assert.rejects(runSteps([step('a'), stopping, step('c')], log, options), /enough/);
  assert.deepEqual(log, ['do a', 'undo b', 'undo a']);
});

test('an undo that fails is told, hides nothing and stops no other undo', async () => {
  const { log, undoErrors, options } = setUp();
  const stubborn = step('b', {
    undo: () => {
      throw new Error('cannot undo');
    },
  });
  await assert.rejects(runSteps([step('a'), stubborn, failing('c')], log, options), /c failed/);
  assert.deepEqual(log, ['do a', 'do b', 'undo c', 'undo a']);
  assert.deepEqual(
    undoErrors.map(([name, error]) => [name, String(error)]),
    [['b', 'Error: cannot undo']],
  );
});
