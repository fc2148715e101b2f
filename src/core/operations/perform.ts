/** Runs steps as a part of an operation: its signal ends them, its view shows them. */
import type { House } from '../house.ts';
import type { Task } from './registry.ts';
import { runSteps, type Step } from './steps.ts';

export function performSteps<C>(
  house: Pick<House, 'clock' | 'events'>,
  task: Pick<Task, 'id' | 'signal' | 'onStep'>,
  steps: readonly Step<C>[],
  context: C,
): Promise<void> {
  return runSteps(steps, context, {
    signal: task.signal,
    elapsedMs: house.clock.elapsedMs,
    onStep: task.onStep,
    onUndoError: (step, error) =>
      house.events.logging('error', `undo of "${step}" failed`, { operation: task.id, error: String(error) }),
  });
}
