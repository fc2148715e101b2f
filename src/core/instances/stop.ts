/** Stopping, restarting, freezing. The wait for a graceful end holds no queue, so that a forced stop can come in between. */
import { fail } from '../../api/errors.ts';
import { presentCaller } from '../events/caller.ts';
import type { House } from '../house.ts';
import { type InstanceDoc, keys } from '../model.ts';
import { performSteps } from '../operations/perform.ts';
import type { Task } from '../operations/registry.ts';
import type { Step } from '../operations/steps.ts';
import type { EndCause } from '../ports/engine.ts';
import { applyEvent } from './change.ts';
import { expand } from './expand.ts';
import { instanceById } from './find.ts';
import { handOverSettled } from './handed-over.ts';
import { stallSettled } from './stalled.ts';

export type StopNeeds = Pick<House, 'documents' | 'engines' | 'runtime' | 'queue' | 'clock' | 'events' | 'warnings'>;
export type StopOptions = {
  force: boolean;
  timeoutSeconds: number | undefined;
  /** The same operation starts it again. */
  restarting?: boolean;
};

const defaultStopSeconds = 30;
/** A killed guest is gone at once; what takes longer is stuck in the kernel. */
const killMs = 20_000;

type StopContext = {
  house: StopNeeds;
  id: string;
  options: StopOptions;
  task: Task;
  ended: Promise<EndCause | undefined>;
};

const stopSteps = (force: boolean): readonly Step<StopContext>[] => [
  { name: force ? 'kill the guest' : 'ask the guest to halt', do: beginStop, undo: giveUp },
  { name: 'wait for its end', do: awaitEnd },
];

/** Resolves when the guest has ended and everything of it is cleared (`ended.ts` does that). */
export async function stopInstance(house: StopNeeds, id: string, options: StopOptions, task: Task): Promise<void> {
  const refused = new AbortController();
  const signal = AbortSignal.any([task.signal, refused.signal]);
  const ended = house.runtime.whenEnded(id, waitMs(house, id, options), signal);
  // A rejection before somebody waits belongs to the one who waits.
  ended.catch(() => {});
  try {
    await performSteps(house, task, stopSteps(options.force), { house, id, options, task, ended });
  } finally {
    // A stop that was refused must not leave somebody waiting for the end.
    refused.abort();
  }
}

async function beginStop({ house, id, options, task }: StopContext): Promise<void> {
  await house.queue(id, async () => {
    const before = instanceById(house, id);
    await applyEvent(house, id, 'stop', options.restarting ? { rebooting: true } : { operation: task.id });
    house.runtime.askedToEnd(id, presentCaller());
    // To halt it would have to run, which it may do elsewhere.
    await (options.force || before.handedOver ? house.engines[before.type].kill(id) : askToHalt(house, before));
  });
}

async function awaitEnd({ house, id, options, ended }: StopContext): Promise<void> {
  if (await ended) return;
  const { name } = instanceById(house, id);
  fail('instance.stop-timeout', { name, seconds: options.timeoutSeconds ?? defaultStopSeconds });
}

async function askToHalt(house: StopNeeds, before: InstanceDoc): Promise<void> {
  // A frozen init hears nothing; it has to run to halt.
  if (before.phase === 'frozen') await house.engines[before.type].unfreeze(before.id);
  await house.engines[before.type].requestHalt(before.id);
}

/** The guest did not halt: it runs on, and says so. */
async function giveUp({ house, id }: StopContext): Promise<void> {
  await house.queue(id, async () => {
    const doc = house.documents.get<InstanceDoc>(keys.instance(id));
    if (doc?.phase !== 'stopping') return;
    house.runtime.askedToEnd(id, undefined);
    await applyEvent(house, id, 'stop-failed');
  });
}

function waitMs(house: StopNeeds, id: string, options: StopOptions): number | undefined {
  if (options.force) return killMs;
  if (options.timeoutSeconds !== undefined)
    return options.timeoutSeconds < 0 ? undefined : options.timeoutSeconds * 1000;
  const configured = expand(house, instanceById(house, id)).config['boot.host_shutdown_timeout'];
  return Number(configured ?? defaultStopSeconds) * 1000;
}

export async function freezeInstance(house: StopNeeds, id: string): Promise<void> {
  await house.queue(id, async () => {
    const { phase, name, type } = instanceById(house, id);
    const engine = house.engines[type];
    if (phase !== 'running') await applyEvent(house, id, 'freeze');
    await engine.freeze(id);
    await applyEvent(house, id, 'freeze').catch(async (error: unknown) => {
      await engine.unfreeze(id);
      throw new Error(`${name} could not be marked as frozen`, { cause: error });
    });
  });
}

export async function unfreezeInstance(house: StopNeeds, id: string): Promise<void> {
  await house.queue(id, async () => {
    const doc = instanceById(house, id);
    if (doc.phase !== 'frozen') await applyEvent(house, id, 'unfreeze');
    await house.engines[doc.type].unfreeze(id);
    await applyEvent(house, id, 'unfreeze');
    await stallSettled(house, doc);
    if (doc.handedOver) await handOverSettled(house, doc);
  });
}
