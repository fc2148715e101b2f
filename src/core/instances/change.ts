/** Writing instance documents: the phase, and everything else. Callers hold the instance's queue. */
import type { House } from '../house.ts';
import { type InstanceDoc, keys } from '../model.ts';
import { instanceById } from './find.ts';
import { type LifeEvent, nextPhase } from './state.ts';

type Needs = Pick<House, 'documents'>;

/** Whatever else happens, the disk is no longer the one that a saved memory belongs to. */
const keepsMemory: ReadonlySet<LifeEvent> = new Set(['ended', 'start', 'start-failed', 'delete']);

/** Only somebody who lets it run here has decided that it runs nowhere else. */
const staysHandedOver: ReadonlySet<LifeEvent> = new Set(['stop', 'stop-failed', 'freeze', 'ended']);

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
  const { operation: _operation, rebooting: _rebooting, restoring: _restoring, handedOver, ...rest } = doc;
  const stateful = doc.stateful && keepsMemory.has(event);
  const handed = handedOver && staysHandedOver.has(event) ? { handedOver } : {};
  const next: InstanceDoc = { ...rest, ...handed, stateful, ...patch, phase: nextPhase(doc.phase, event, doc.name) };
  await house.documents.put(keys.instance(id), next);
  return next;
}

export async function changeInstance(house: Needs, id: string, patch: Partial<InstanceDoc>): Promise<InstanceDoc> {
  const next = { ...instanceById(house, id), ...patch };
  await house.documents.put(keys.instance(id), next);
  return next;
}
