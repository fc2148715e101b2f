/** Stopping, restarting, freezing. The wait for a graceful end holds no queue, so that a forced stop can come in between. */
import { fail } from '../../api/errors.ts';
import type { House } from '../house.ts';
import type { InstanceDoc } from '../model.ts';
import type { Task } from '../operations/registry.ts';
import { applyEvent } from './change.ts';
import { expand } from './expand.ts';
import { instanceById } from './find.ts';

export type StopNeeds = Pick<House, 'documents' | 'engine' | 'runtime' | 'queue' | 'clock'>;
export type StopOptions = { force: boolean; timeoutSeconds: number | undefined };

const defaultStopSeconds = 30;
/** A killed guest is gone at once; what takes longer is stuck in the kernel. */
const killMs = 20_000;

/** Resolves when the guest has ended and everything of it is cleared (`ended.ts` does that). */
export async function stopInstance(house: StopNeeds, id: string, options: StopOptions, task: Task): Promise<void> {
  const ended = house.runtime.whenEnded(id, waitMs(house, id, options), task.signal);
  // A rejection before the await below belongs to the await.
  ended.catch(() => {});
  await house.queue(id, async () => {
    const before = instanceById(house, id);
    const doc = await applyEvent(house, id, 'stop', { operation: task.id });
    try {
      await (options.force ? house.engine.kill(id) : askToHalt(house, before));
    } catch (error) {
      if (doc.phase === 'stopping') await applyEvent(house, id, 'stop-failed');
      throw error;
    }
  });
  const cause = await ended.catch(async (error: unknown) => {
    await giveUp(house, id);
    throw error;
  });
  if (cause) return;
  await giveUp(house, id);
  fail('instance.stop-timeout', {
    name: instanceById(house, id).name,
    seconds: options.timeoutSeconds ?? defaultStopSeconds,
  });
}

async function askToHalt(house: StopNeeds, before: InstanceDoc): Promise<void> {
  // A frozen init hears nothing; it has to run to halt.
  if (before.phase === 'frozen') await house.engine.unfreeze(before.id);
  await house.engine.requestHalt(before.id);
}

/** The guest did not halt in time: it runs on, and says so. */
async function giveUp(house: StopNeeds, id: string): Promise<void> {
  await house.queue(id, async () => {
    if (instanceById(house, id).phase === 'stopping') await applyEvent(house, id, 'stop-failed');
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
    const { phase, name } = instanceById(house, id);
    if (phase !== 'running') await applyEvent(house, id, 'freeze');
    await house.engine.freeze(id);
    await applyEvent(house, id, 'freeze').catch(async (error: unknown) => {
      await house.engine.unfreeze(id);
      throw new Error(`${name} could not be marked as frozen`, { cause: error });
    });
  });
}

export async function unfreezeInstance(house: StopNeeds, id: string): Promise<void> {
  await house.queue(id, async () => {
    if (instanceById(house, id).phase !== 'frozen') await applyEvent(house, id, 'unfreeze');
    await house.engine.unfreeze(id);
    await applyEvent(house, id, 'unfreeze');
  });
}
