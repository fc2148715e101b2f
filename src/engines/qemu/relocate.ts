/**
 * Files of a running machine move to other places (QEMU's mirror): its disk, the variables of its firmware. At the end the jobs
 * wait, with old and new files alike and brought to disk and all that the guest writes held back, until the caller has noted
 * the new places; only then QEMU lets go of the old ones. Cut off before the note, the old files are the machine's; after it,
 * the new ones; nobody has to know more.
 */
import { constants, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { MachineRelocation, MovedFile } from '../../core/ports/machine-relocation.ts';
import { HostError } from '../../lib/host-error.ts';
import { topNode } from './disks.ts';
import { type BlockNode, blockNodes, fileTag, nodeOfFile } from './file-tag.ts';
import { dropListed, handFile } from './handed.ts';
import type { Monitor, Qmp } from './qmp.ts';

type Job = { id: string; status: string; error?: string; 'current-progress'?: number; 'total-progress'?: number };

const prefix = 'move-';
const variables = 'uefi-variables';
const lookMs = 100;
/** Between two looks at a job that is about to change: the guest's writes wait meanwhile. */
const closeLookMs = 2;

const idOf = (to: string) => prefix + fileTag(to);
const jobsOf = async ({ ask }: Qmp): Promise<Job[]> =>
  ((await ask('query-jobs')) as Job[]).filter(({ id }) => id.startsWith(prefix));

export async function relocateFiles(monitor: Monitor, moving: MachineRelocation, signal?: AbortSignal): Promise<void> {
  const ids: string[] = [];
  try {
    await monitor(async (qmp) => {
      for (const file of moving.files) if (await beginMirror(qmp, file)) ids.push(idOf(file.to));
    });
    await untilReady(monitor, ids, moving, signal);
    await monitor(async (qmp) => {
      for (const id of ids) await qmp.ask('job-complete', { id });
      for (const id of ids) await untilStatus(qmp, id, 'pending');
      await moving.note();
      for (const id of ids) await finish(qmp, id);
      await dropUnused(qmp, moving.files.map(baseName));
    });
  } catch (error) {
    await monitor((qmp) => callOffAll(qmp, moving.files.map(baseName))).catch(() => {});
    throw error;
  }
}

const baseName = (file: MovedFile) => ('disk' in file ? file.disk : variables);

/** False: the machine does not have this file open. */
async function beginMirror(qmp: Qmp, file: MovedFile): Promise<boolean> {
  const source = 'disk' in file ? await topNode(qmp, file.disk) : (await nodeOfFile(qmp, file.from))?.node;
  if (source === undefined) return false;
  const set = await handFile(qmp, openSync(file.to, constants.O_RDWR), { tag: fileTag(file.to) });
  const filename = `/dev/fdset/${set}`;
  const below = { driver: 'file', filename, 'read-only': false, discard: 'unmap', locking: 'on' };
  const node = `${baseName(file)}-${fileTag(file.to).slice(0, 8)}`;
  const format = 'disk' in file ? { driver: 'qcow2', backing: null } : { driver: 'raw' };
  await qmp.ask('blockdev-add', { ...format, 'node-name': node, discard: 'unmap', file: below });
  await qmp.ask('blockdev-mirror', {
    ...{ 'job-id': idOf(file.to), device: source, target: node, sync: 'full', 'copy-mode': 'write-blocking' },
    ...{ 'auto-finalize': false, 'auto-dismiss': false },
  });
  return true;
}

async function untilReady(
  monitor: Monitor,
  ids: readonly string[],
  { onProgress }: MachineRelocation,
  signal?: AbortSignal,
): Promise<void> {
  for (;;) {
    signal?.throwIfAborted();
    const jobs = await monitor(jobsOf);
    const ours = ids.map((id) => standing(jobs.find((job) => job.id === id)));
    if (ours.every(({ status }) => status === 'ready')) return;
    const sum = (key: 'current-progress' | 'total-progress') => ours.reduce((all, job) => all + (job[key] ?? 0), 0);
    if (sum('total-progress') > 0) onProgress?.(sum('current-progress') / sum('total-progress'));
    await delay(lookMs);
  }
}

async function untilStatus(qmp: Qmp, id: string, status: 'pending' | 'concluded'): Promise<void> {
  for (;;) {
    const job = (await jobsOf(qmp)).find((one) => one.id === id);
    if (job?.status === status) return;
    standing(job);
    await delay(closeLookMs);
  }
}

function standing(job: Job | undefined): Job {
  if (job && job.status !== 'concluded' && job.status !== 'aborting') return job;
  throw new HostError(`the disk could not be moved: ${job?.error ?? 'the work has ended too early'}`);
}

async function finish(qmp: Qmp, id: string): Promise<void> {
  await qmp.ask('job-finalize', { id });
  await untilStatus(qmp, id, 'concluded');
  await qmp.ask('job-dismiss', { id });
}

async function callOff(qmp: Qmp, id: string): Promise<void> {
  for (let asked = false; ; await delay(closeLookMs)) {
    const job = (await jobsOf(qmp)).find((one) => one.id === id);
    if (!job) return;
    if (job.status === 'concluded') await qmp.ask('job-dismiss', { id });
    else if (!asked) await qmp.ask('job-cancel', { id });
    asked = true;
  }
}

async function callOffAll(qmp: Qmp, names: readonly string[]): Promise<void> {
  for (const { id } of await jobsOf(qmp)) await callOff(qmp, id);
  await dropUnused(qmp, names);
}

/** Files that nothing stands on: QEMU refuses to let go of the others. */
async function dropUnused(qmp: Qmp, names: readonly string[]): Promise<void> {
  const isOurs = (node: BlockNode) => names.some((name) => `${node['node-name']}-`.startsWith(`${name}-`));
  for (let dropped = true; dropped; ) {
    dropped = false;
    for (const node of (await blockNodes(qmp)).filter(isOurs)) if (await drops(qmp, node)) dropped = true;
  }
}

const drops = (qmp: Qmp, node: BlockNode) =>
  dropListed(qmp, node).then(
    () => true,
    () => false,
  );

/** After a daemon was killed: `files` are those of the machine as they were noted last. */
export async function settleRelocation(qmp: Qmp, disk: string, files: readonly string[]): Promise<void> {
  const jobs = await jobsOf(qmp);
  if (jobs.length === 0) return;
  const noted = files.map(idOf);
  for (const { id, status } of jobs)
    if (noted.includes(id) && status === 'pending') await finish(qmp, id);
    else await callOff(qmp, id);
  await dropUnused(qmp, [disk, variables]);
}
