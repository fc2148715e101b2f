/**
 * Stopping a virtual machine with its memory. That it has one is noted when it is whole, before the machine ends: a machine
 * that is found alive all the same goes on, and its memory is no longer the one that its disk belongs to.
 */
import { presentCaller } from '../events/caller.ts';
import type { House } from '../house.ts';
import { type InstanceDoc, keys } from '../model.ts';
import { performSteps } from '../operations/perform.ts';
import type { Task } from '../operations/registry.ts';
import type { Step } from '../operations/steps.ts';
import type { EndCause } from '../ports/engine.ts';
import { applyEvent, changeInstance } from './change.ts';
import { instanceById } from './find.ts';
import { checkSaving, forgetOwnMemory, saveOwnMemory } from './memory.ts';
import type { StopNeeds } from './stop.ts';

type Needs = StopNeeds & Pick<House, 'pools'>;
type Context = { house: Needs; id: string; task: Task; signal: AbortSignal; ended?: Promise<EndCause | undefined> };

/** A machine that is killed is gone at once. */
const killMs = 20_000;

const steps: readonly Step<Context>[] = [
  {
    name: 'save its memory',
    do: ({ house, id, task }, signal) =>
      house.queue(id, async () => {
        const running = instanceById(house, id);
        checkSaving(house, running, 'stops');
        await applyEvent(house, id, 'stop', { operation: task.id });
        await saveOwnMemory(house, running, signal);
      }),
    undo: goOn,
  },
  {
    name: 'end the guest',
    do: (context) => {
      const { house, id, signal } = context;
      context.ended = house.runtime.whenEnded(id, killMs, signal);
      // A rejection before somebody waits belongs to the one who waits.
      context.ended.catch(() => {});
      return house.queue(id, async () => {
        const { type } = await changeInstance(house, id, { stateful: true });
        house.runtime.askedToEnd(id, presentCaller());
        await house.engines[type].kill(id);
      });
    },
  },
  {
    name: 'wait for its end',
    async do({ ended }) {
      if (!(await ended)) throw new Error('the machine does not end');
    },
  },
];

/** It was not ended: it runs on from where it stands. */
async function goOn({ house, id }: Context): Promise<void> {
  await house.queue(id, async () => {
    const doc = house.documents.get<InstanceDoc>(keys.instance(id));
    if (doc?.phase !== 'stopping') return;
    house.runtime.askedToEnd(id, undefined);
    await applyEvent(house, id, 'stop-failed');
    await house.engines[doc.type].unfreeze(id);
    await forgetOwnMemory(house, doc);
  });
}

export async function stopWithMemory(house: Needs, id: string, task: Task): Promise<void> {
  const refused = new AbortController();
  const signal = AbortSignal.any([task.signal, refused.signal]);
  try {
    await performSteps(house, task, steps, { house, id, task, signal });
  } finally {
    // A stop that failed must not leave somebody waiting for the end.
    refused.abort();
  }
}
