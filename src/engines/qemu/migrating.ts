/**
 * QEMU's own way to give the memory of a machine away while it runs, to a file or to another QEMU, and the ways back from it.
 * It is always asked to wait before it lets go (`pause-before-switchover`), so that the last word is ours.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { HostError } from '../../lib/host-error.ts';
import type { Qmp } from './qmp.ts';

type Ask = Pick<Qmp, 'ask'>;
type Progress = {
  status?: string;
  'error-desc'?: string;
  ram?: { transferred?: number; total?: number; 'dirty-sync-count'?: number };
};

const pollMs = 10;
/** More rounds than these do not get nearer to the end: the machine writes faster than its memory goes. */
const maxRounds = 6;
const patientMs = 60_000;
/** No limit: bytes go as fast as they are taken. */
const bandwidthBytes = 2 ** 40;
const under = ['setup', 'active', 'pre-switchover', 'device', 'cancelling', 'postcopy-active', 'wait-unplug'];

export const progressOf = async ({ ask }: Ask) => (await ask('query-migrate')) as Progress;
export const runState = async ({ ask }: Ask) => ((await ask('query-status')) as { status: string }).status;

/** `downtimeMs`: how long the machine may stand still for what is left. */
export async function prepareToGive({ ask }: Ask, downtimeMs: number): Promise<void> {
  await ask('migrate-set-capabilities', { capabilities: [{ capability: 'pause-before-switchover', state: true }] });
  await ask('migrate-set-parameters', { 'max-bandwidth': bandwidthBytes, 'downtime-limit': downtimeMs });
}

/** Resolves when the machine stands still and waits to be let go. One that writes without an end is stopped for it. */
export async function untilStill(qmp: Ask, signal?: AbortSignal): Promise<void> {
  for (let stopped = false; ; await delay(pollMs)) {
    signal?.throwIfAborted();
    const progress = await progressOf(qmp);
    if (progress.status === 'pre-switchover') return;
    refuseEnded(progress);
    if (stopped || (progress.ram?.['dirty-sync-count'] ?? 0) <= maxRounds) continue;
    await qmp.ask('stop');
    stopped = true;
  }
}

/** Lets the rest go; resolves when all has arrived. */
export async function letGo(qmp: Ask): Promise<void> {
  await qmp.ask('migrate-continue', { state: 'pre-switchover' });
  await untilArrived(qmp);
}

/** Resolves when all has been given away, or taken up. */
export async function untilArrived(qmp: Ask, signal?: AbortSignal): Promise<void> {
  for (;;) {
    signal?.throwIfAborted();
    const progress = await progressOf(qmp);
    if (progress.status === 'completed') return;
    refuseEnded(progress);
    await delay(pollMs);
  }
}

function refuseEnded(progress: Progress): void {
  const { status = 'none' } = progress;
  if (under.includes(status) || status === 'completed' || status === 'none') return;
  const reason = progress['error-desc'] ?? status;
  throw new HostError(`the memory of the machine could not be moved: ${reason}`);
}

/** Whatever has begun with the memory of a machine is called off; it keeps what it has. */
export async function callOff(qmp: Ask): Promise<void> {
  const deadline = Date.now() + patientMs;
  for (let asked = false; ; await delay(pollMs)) {
    const { status = 'none' } = await progressOf(qmp);
    if (!under.includes(status)) return;
    if (!asked) await qmp.ask('migrate_cancel');
    asked = true;
    if (Date.now() > deadline) throw new HostError('QEMU does not let the memory of the machine be kept');
  }
}

/** The machine runs on, whether it was paused or its memory was on the way. */
export async function runOn(qmp: Ask): Promise<void> {
  await callOff(qmp);
  await qmp.ask('cont');
}
