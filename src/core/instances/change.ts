/** Writing instance documents: the phase, and everything else. Callers hold the instance's queue. */
import type { House } from '../house.ts';
import { type InstanceDoc, keys } from '../model.ts';
import { instanceById } from './find.ts';
import { type LifeEvent, nextPhase } from './state.ts';

type Needs = Pick<House, 'documents'>;

/**
 * Applies a life event to the stored phase, with further changes in the same commit. What belonged to the passing phase
 * before goes. Returns the new document.
 */
export async function applyEvent(
  house: Needs,
  id: string,
  event: LifeEvent,
  patch: Partial<InstanceDoc> = {},
): Promise<InstanceDoc> {
  const doc = instanceById(house, id);
  const { operation: _operation, rebooting: _rebooting, restoring: _restoring, ...rest } = doc;
  const next: InstanceDoc = { ...rest, ...patch, phase: nextPhase(doc.phase, event, doc.name) };
  await house.documents.put(keys.instance(id), next);
  return next;
}

export async function changeInstance(house: Needs, id: string, patch: Partial<InstanceDoc>): Promise<InstanceDoc> {
  const next = { ...instanceById(house, id), ...patch };
  await house.documents.put(keys.instance(id), next);
  return next;
}
