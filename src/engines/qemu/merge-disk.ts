/** Two files of a disk become one while the machine runs: what a snapshot that was removed has left behind. */
import { constants, openSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { HostError } from '../../lib/host-error.ts';
import { nodeOfFile, untagged } from './file-tag.ts';
import { dropNode, handFile } from './handed.ts';
import type { Monitor, Qmp } from './qmp.ts';

export type Merging = { into: string; from: string; base: string | undefined };
type Job = { id: string; status: string; error?: string };

const jobId = 'merge';
const lookMs = 50;

/**
 * `into` takes all that it has from `from` into itself and stands on `base` then. The monitor is free meanwhile. Repeated after
 * a daemon was killed in the middle, it waits for the work that goes on, and finds it done.
 */
export async function mergeFiles(monitor: Monitor, merging: Merging, signal?: AbortSignal): Promise<void> {
  await finished(monitor, signal);
  const isNeeded = await monitor(async (qmp) => {
    const into = await nodeOfFile(qmp, merging.into);
    if (!into) throw new HostError('the machine does not have the disk open that is to be merged');
    if (!(await nodeOfFile(qmp, merging.from))) return false;
    const base = merging.base === undefined ? undefined : await nodeOfFile(qmp, merging.base);
    if (merging.base !== undefined && !base) throw new HostError('the machine does not have the lower disk open');
    // One that was handed over for reading is opened once more by QEMU, to write.
    await handFile(qmp, openSync(merging.into, constants.O_RDWR), { set: into.set });
    const where = base ? { 'base-node': base.node, 'backing-file': backingName(merging) } : {};
    await qmp.ask('block-stream', { 'job-id': jobId, device: into.node, ...where, 'auto-dismiss': false });
    return true;
  });
  if (!isNeeded) return;
  await finished(monitor, signal);
  await monitor((qmp) => letGo(qmp, merging));
}

async function letGo(qmp: Qmp, { into, from }: Merging): Promise<void> {
  const below = await nodeOfFile(qmp, from);
  if (below) await dropNode(qmp, below.node);
  const above = await nodeOfFile(qmp, into);
  if (above) for (const fd of await untagged(qmp, above.set)) await qmp.ask('remove-fd', { 'fdset-id': above.set, fd });
}

/** The name in the file is for people and their tools; QEMU would write the one by which it knows the file. */
const backingName = ({ into, base = '' }: Merging) => relative(dirname(into), base);

/** Waits for a job of ours; there may be none. Rejects when it failed, and when `signal` ends it. */
async function finished(monitor: Monitor, signal?: AbortSignal): Promise<void> {
  for (;;) {
    const state = await monitor((qmp) => look(qmp, signal?.aborted ?? false));
    if (state === 'none') return signal?.throwIfAborted();
    await setTimeout(lookMs);
  }
}

async function look(qmp: Qmp, cancel: boolean): Promise<'none' | 'works'> {
  const job = ((await qmp.ask('query-jobs')) as Job[]).find(({ id }) => id === jobId);
  if (!job) return 'none';
  if (job.status !== 'concluded') {
    if (cancel) await qmp.ask('job-cancel', { id: jobId }).catch(() => {});
    return 'works';
  }
  await qmp.ask('job-dismiss', { id: jobId });
  if (job.error !== undefined && !cancel) throw new HostError(`QEMU: block-stream: ${job.error}`);
  return 'none';
}
