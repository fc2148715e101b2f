/** What happens when a guest has ended, by itself or because it was asked to: clear up, then stop, start again or delete. */
import type { House } from '../house.ts';
import { type InstanceDoc, keys } from '../model.ts';
import type { Task } from '../operations/registry.ts';
import type { EndCause } from '../ports/engine.ts';
import { applyEvent } from './change.ts';
import { clearInstance, type DeleteNeeds } from './delete.ts';
import { instanceUrl } from './find.ts';
import { type StartNeeds, startInstance } from './start.ts';

export type EndedNeeds = StartNeeds & DeleteNeeds & Pick<House, 'operations'>;

/** Called for the engine's `ended` events and by repair after a restart of the daemon. */
export async function guestEnded(house: EndedNeeds, id: string, cause: EndCause): Promise<void> {
  await house.queue(id, async () => {
    const doc = house.documents.get<InstanceDoc>(keys.instance(id));
    const nics = house.runtime.get(id)?.nics ?? [];
    await house.engine.remove(id);
    await Promise.all(nics.map((nic) => house.networks.detach(nic)));
    if (!doc || (doc.phase !== 'running' && doc.phase !== 'frozen' && doc.phase !== 'stopping'))
      return house.runtime.ended(id, cause);
    const asked = doc.phase === 'stopping';
    await applyEvent(house, id, 'ended', { lastEnd: cause });
    tellEnd(house, doc, cause, asked);
    if (doc.ephemeral && !(cause.kind === 'rebooting' && !asked)) await clearInstance(house, doc);
    house.runtime.ended(id, cause);
    if (cause.kind === 'rebooting' && !asked) startAgain(house, doc);
  });
}

function tellEnd(house: EndedNeeds, doc: InstanceDoc, cause: EndCause, asked: boolean): void {
  const action =
    cause.kind === 'rebooting' && !asked
      ? 'instance-restarted'
      : asked || cause.kind !== 'halted'
        ? 'instance-stopped'
        : 'instance-shutdown';
  house.events.lifecycle(doc.project, {
    action,
    source: instanceUrl(doc),
    name: doc.name,
    context: { cause: cause.kind, ...details(cause) },
  });
  if (cause.kind === 'oom')
    house.events.logging('warning', `The guest ${doc.name} ended because its init was killed for memory`, {
      instance: doc.name,
    });
  if (cause.kind === 'crashed')
    house.events.logging('warning', `The init of ${doc.name} ended with exit code ${cause.exitCode}`, {
      instance: doc.name,
    });
}

function details(cause: EndCause): Record<string, unknown> {
  if (cause.kind === 'killed') return { signal: cause.signal };
  return cause.kind === 'crashed' ? { exit_code: cause.exitCode } : {};
}

/** A reboot from inside: the same start as ever, as an operation of the daemon's own. */
function startAgain(house: EndedNeeds, doc: InstanceDoc): void {
  const resources = { instances: [instanceUrl(doc)] };
  house.operations.start({ description: 'Restarting instance', project: doc.project, resources }, (task: Task) =>
    house.queue(doc.id, () => startInstance(house, doc.id, task)),
  );
}

/** A process inside was killed for memory (C06). */
export function guestOutOfMemory(house: Pick<House, 'documents' | 'events'>, id: string): void {
  const doc = house.documents.get<InstanceDoc>(keys.instance(id));
  if (!doc) return;
  house.events.lifecycle(doc.project, { action: 'instance-oom', source: instanceUrl(doc), name: doc.name });
  house.events.logging('warning', `A process in the guest ${doc.name} was killed: its limit of memory is reached`, {
    instance: doc.name,
  });
}
