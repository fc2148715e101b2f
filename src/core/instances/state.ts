/** The life of an instance: one table of phases and what may happen in each. Everything not in the table is refused. */
import { type ErrorCode, fail } from '../../api/errors.ts';
import type { StatusName } from '../../api/status.ts';
import type { Phase } from '../model.ts';

export type LifeEvent =
  | 'created'
  | 'arrived'
  | 'start'
  | 'started'
  | 'start-failed'
  | 'stop'
  | 'stop-failed'
  | 'freeze'
  | 'unfreeze'
  | 'ended'
  | 'restore'
  | 'restored'
  | 'delete';

export const transitions: Record<Phase, Partial<Record<LifeEvent, Phase>>> = {
  creating: { created: 'stopped', arrived: 'running', delete: 'deleting' },
  stopped: { start: 'starting', restore: 'restoring', delete: 'deleting' },
  starting: { started: 'running', 'start-failed': 'stopped', ended: 'stopped' },
  running: { stop: 'stopping', freeze: 'frozen', ended: 'stopped' },
  frozen: { stop: 'stopping', unfreeze: 'running', ended: 'stopped' },
  stopping: { stop: 'stopping', 'stop-failed': 'running', ended: 'stopped' },
  restoring: { restored: 'stopped', delete: 'deleting' },
  deleting: { delete: 'deleting' },
};

/** What a caller hears who asks for something that the phase does not allow. */
const refusals: Partial<Record<LifeEvent, Partial<Record<Phase, ErrorCode>>>> = {
  start: { running: 'instance.already-running', frozen: 'instance.frozen' },
  stop: { stopped: 'instance.already-stopped' },
  freeze: { stopped: 'instance.not-running', frozen: 'instance.already-frozen' },
  unfreeze: { stopped: 'instance.not-running', running: 'instance.not-frozen' },
  restore: { running: 'instance.running', frozen: 'instance.running' },
  delete: { running: 'instance.running', frozen: 'instance.running' },
};

export function nextPhase(phase: Phase, event: LifeEvent, name: string): Phase {
  return (
    transitions[phase][event] ?? fail(refusals[event]?.[phase] ?? 'instance.busy', { name, action: actionOf[phase] })
  );
}

const actionOf: Record<Phase, string> = {
  creating: 'create',
  stopped: 'stopped',
  starting: 'start',
  running: 'running',
  frozen: 'frozen',
  stopping: 'stop',
  restoring: 'restore',
  deleting: 'delete',
};

/** The word that the API shows. Passing phases show what the guest still or already is, as Incus does. */
export const phaseStatus: Record<Phase, StatusName> = {
  creating: 'Stopped',
  stopped: 'Stopped',
  starting: 'Stopped',
  running: 'Running',
  frozen: 'Frozen',
  stopping: 'Running',
  restoring: 'Stopped',
  deleting: 'Stopped',
};
