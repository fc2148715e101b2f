/** What happens when a guest has ended, by itself or because it was asked to: clear up, then stop, start again or delete. */
import { asCaller } from '../events/caller.ts';
import type { House } from '../house.ts';
import { type InstanceDoc, keys } from '../model.ts';
import type { Task } from '../operations/registry.ts';
import { runSteps, type Step } from '../operations/steps.ts';
import type { EndCause } from '../ports/engine.ts';
import type { NicSpec } from '../ports/network.ts';
import type { ProxySpec } from '../ports/proxies.ts';
import { applyEvent } from './change.ts';
import { clearInstance, type DeleteNeeds } from './delete.ts';
import { removeGuest } from './engines.ts';
import { instanceUrl } from './find.ts';
import { stallSettled } from './stalled.ts';
import { type StartNeeds, startInstance } from './start.ts';

export type EndedNeeds = StartNeeds & DeleteNeeds & Pick<House, 'operations' | 'onStep' | 'warnings'>;

type EndedContext = {
  house: EndedNeeds;
  id: string;
  cause: EndCause;
  nics: readonly NicSpec[];
  proxies: readonly ProxySpec[];
  /** The instance, when it counts as running. */
  doc: InstanceDoc | undefined;
  /** It comes up again by itself, or by the operation that brought it down. */
  rebooting: boolean;
};

const endedSteps: readonly Step<EndedContext>[] = [
  {
    // First: the engine forgets the cause with the guest, and a reboot has to be finished by whatever daemon comes next.
    name: 'note the end',
    async do({ house, id, doc, cause, rebooting }) {
      if (doc) await applyEvent(house, id, 'ended', { lastEnd: cause, ...(rebooting ? { rebooting } : {}) });
    },
  },
  { name: 'clear the runtime', do: ({ house, id }) => removeGuest(house, id) },
  {
    name: 'take its network cards and proxies away',
    async do({ house, nics, proxies }) {
      await Promise.all([
        ...nics.map((nic) => house.networks.detach(nic)),
        ...proxies.map((proxy) => house.proxies.stop(proxy)),
      ]);
    },
  },
  {
    name: 'delete it if it is ephemeral',
    async do({ house, doc, rebooting }) {
      if (doc?.ephemeral && !rebooting) await clearInstance(house, doc);
    },
  },
];

/** Called for the engine's `ended` events. */
export async function guestEnded(house: EndedNeeds, id: string, cause: EndCause): Promise<void> {
  const again = await clearAfterEnd(house, id, cause);
  if (again) startAgain(house, again);
}

/**
 * Returns the instance when it has to be started again. `unattended` says that no operation is left that waits for this
 * end: then a restart is the caller's, too.
 */
export function clearAfterEnd(
  house: EndedNeeds,
  id: string,
  cause: EndCause,
  { unattended = false } = {},
): Promise<InstanceDoc | undefined> {
  return house.queue(id, async () => {
    const found = house.documents.get<InstanceDoc>(keys.instance(id));
    const doc = found && ['running', 'frozen', 'stopping'].includes(found.phase) ? found : undefined;
    const asked = doc?.phase === 'stopping';
    const restarting = doc?.rebooting === true;
    const again = (cause.kind === 'rebooting' && !asked) || (restarting && unattended);
    const rebooting = again || restarting;
    const { nics = [], proxies = [] } = house.runtime.get(id) ?? {};
    const clearUp = async () => {
      await runSteps(
        endedSteps,
        { house, id, cause, nics, proxies, doc, rebooting },
        {
          signal: new AbortController().signal,
          elapsedMs: house.clock.elapsedMs,
          onStep: (report) => house.onStep?.('Clearing up after a guest', report),
        },
      );
      if (!doc) return;
      tellEnd(house, doc, cause, asked);
      await stallSettled(house, doc);
    };
    const requestor = asked ? house.runtime.whoAsked(id) : undefined;
    await (requestor ? asCaller(requestor, clearUp) : clearUp());
    house.runtime.ended(id, cause);
    return again ? doc : undefined;
  });
}

function tellEnd(house: EndedNeeds, doc: InstanceDoc, cause: EndCause, asked: boolean): void {
  const action =
    cause.kind === 'rebooting' && !asked
      ? 'instance-restarted'
      : cause.kind === 'halted'
        ? 'instance-shutdown'
        : 'instance-stopped';
  house.events.lifecycle(doc.project, {
    action,
    source: instanceUrl(doc),
    name: doc.name,
    context: { cause: cause.kind, ...details(cause) },
  });
  const warning = warningOf(doc, cause, asked);
  if (warning) house.events.logging('warning', warning, { instance: doc.name });
}

/** An end that somebody should look at. */
function warningOf({ name, type }: InstanceDoc, cause: EndCause, asked: boolean): string | undefined {
  const program = type === 'container' ? 'init' : 'QEMU';
  if (cause.kind === 'oom') return `The guest ${name} ended because its ${program} was killed for memory`;
  const said = 'said' in cause ? `: ${cause.said}` : '';
  if (cause.kind === 'crashed') return `The ${program} of ${name} ended with exit code ${cause.exitCode}${said}`;
  // Who kills a container may have meant it.
  if (cause.kind === 'killed' && type !== 'container' && !asked)
    return `The QEMU of ${name} was killed by ${cause.signal}${said}`;
  return undefined;
}

function details(cause: EndCause): Record<string, unknown> {
  if (cause.kind === 'killed') return { signal: cause.signal };
  return cause.kind === 'crashed' ? { exit_code: cause.exitCode } : {};
}

/** After a reboot: the same start as ever, as an operation of the daemon's own. */
export function startAgain(house: EndedNeeds, doc: InstanceDoc): void {
  const resources = { instances: [instanceUrl(doc)] };
  house.operations.start(
    { description: 'Restarting instance', project: doc.project, resources },
    async (task: Task) => {
      try {
        await house.queue(doc.id, () => startInstance(house, doc.id, task));
      } catch (error) {
        // Nobody waits for this operation.
        house.events.logging('error', `The guest ${doc.name} did not come up after its reboot: ${reasonOf(error)}`, {
          instance: doc.name,
        });
        throw error;
      }
    },
  );
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** A process inside was killed for memory (C06). */
export function guestOutOfMemory(house: Pick<House, 'documents' | 'events'>, id: string): void {
  const doc = house.documents.get<InstanceDoc>(keys.instance(id));
  if (!doc) return;
  house.events.lifecycle(doc.project, { action: 'instance-oom', source: instanceUrl(doc), name: doc.name });
  house.events.logging('warning', `A process in the guest ${doc.name} was killed: its limit of memory is reached`, {
    instance: doc.name,
  });
}
