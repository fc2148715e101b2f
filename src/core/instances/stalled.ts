/** Guests that stand still on their own, because a disk is full or fails. They are shown as frozen, with a warning. */
import type { House } from '../house.ts';
import { type InstanceDoc, keys } from '../model.ts';
import { applyEvent } from './change.ts';
import { instanceUrl } from './find.ts';

const kind = 'A virtual machine stands still';

type Needs = Pick<House, 'documents' | 'events' | 'queue' | 'warnings'>;

export async function guestStalled(house: Needs, id: string, reason: string): Promise<void> {
  await house.queue(id, async () => {
    const doc = house.documents.get<InstanceDoc>(keys.instance(id));
    if (doc?.phase !== 'running') return;
    await applyEvent(house, id, 'freeze');
    const message = `${doc.name} stands still: ${reason}. Make room, then: gast resume ${doc.name}`;
    house.events.logging('warning', message, { instance: doc.name });
    await house.warnings.raise({ kind, entity: instanceUrl(doc), project: doc.project, severity: 'high', message });
  });
}

/** It was told to go on, or has ended. */
export async function stallSettled(house: Pick<House, 'warnings'>, doc: InstanceDoc): Promise<void> {
  await house.warnings.resolve(kind, instanceUrl(doc));
}
