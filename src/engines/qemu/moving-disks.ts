/**
 * Disks of a machine that goes to another QEMU (NBD): there the disk is offered while the machine waits, here it is mirrored
 * to it until the machine has stopped. Each QEMU has one end of a pair of sockets; the bytes between them are carried by us.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { connectUnix } from '../../host/unix-connection.ts';
import { openUnixListener } from '../../host/unix-listener.ts';
import { HostError } from '../../lib/host-error.ts';
import { topNode } from './disks.ts';
import { handSocket } from './handed.ts';
import type { Qmp } from './qmp.ts';

type Job = { id: string; status: string; error?: string };
export type AwayDisk = { job: string; node: string };

const lookMs = 20;

/** Bytes both ways. A side that ends lets the other end, one that breaks breaks it. */
export function carry(one: Duplex, other: Duplex): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.pipe(to);
    from.on('error', () => to.destroy());
    from.on('close', () => {
      // What it said last still has to arrive; nothing that comes back has anywhere to go.
      if (from.readableEnded && !to.writableFinished) to.once('finish', () => to.destroy());
      else to.destroy();
    });
  }
}

/** Hands QEMU a socket under this name; what it says there goes over `stream`. */
export async function handStream(qmp: Qmp, name: string, stream: Duplex): Promise<void> {
  carry(await handSocket(qmp, name, async () => {}), stream);
}

/** Whatever the guest writes goes there, too, from the moment on that the job is ready. */
export async function beginAway(qmp: Qmp, disk: string, stream: Duplex): Promise<AwayDisk> {
  const name = `${disk}-away-${randomBytes(4).toString('hex')}`;
  await handStream(qmp, name, stream);
  const server = { type: 'fd', str: name };
  await qmp.ask('blockdev-add', { driver: 'nbd', 'node-name': name, export: disk, server });
  const device = await topNode(qmp, disk);
  const how = { sync: 'full', 'copy-mode': 'write-blocking', 'auto-dismiss': false };
  try {
    await qmp.ask('blockdev-mirror', { 'job-id': name, device, target: name, ...how });
  } catch (error) {
    await qmp.ask('blockdev-del', { 'node-name': name });
    throw error;
  }
  return { job: name, node: name };
}

const jobOf = async (qmp: Qmp, { job }: AwayDisk) =>
  ((await qmp.ask('query-jobs')) as Job[]).find(({ id }) => id === job);

export async function untilAlike(qmp: Qmp, away: AwayDisk, signal?: AbortSignal): Promise<void> {
  for (;;) {
    signal?.throwIfAborted();
    const job = await jobOf(qmp, away);
    if (job?.status === 'ready') return;
    if (!job || job.error !== undefined || job.status === 'concluded')
      throw new HostError(`the disk could not be sent: ${job?.error ?? 'the work has ended too early'}`);
    await delay(lookMs);
  }
}

/** The machine stands still: what was written last has gone. Called off, it may have not. */
export async function endAway(qmp: Qmp, away: AwayDisk, options: { calledOff: boolean }): Promise<void> {
  const end = options.calledOff ? 'job-cancel' : 'block-job-cancel';
  for (let asked = false; ; await delay(lookMs / 10)) {
    const job = await jobOf(qmp, away);
    if (!job) break;
    if (job.status === 'concluded') {
      await qmp.ask('job-dismiss', { id: away.job });
      if (job.error !== undefined && !options.calledOff)
        throw new HostError(`the disk could not be sent: ${job.error}`);
    } else if (!asked) await qmp.ask(end, options.calledOff ? { id: away.job } : { device: away.job });
    asked = true;
  }
  await qmp.ask('blockdev-del', { 'node-name': away.node });
}

/** Offers disks of a machine that waits for its memory. */
export async function offerDisks(qmp: Qmp, directory: string, disks: Readonly<Record<string, Duplex>>): Promise<void> {
  if (Object.keys(disks).length === 0) return;
  const path = join(directory, 'disks');
  const listener = openUnixListener(path);
  try {
    await qmp.hand('disks', listener);
    await qmp.ask('nbd-server-start', { addr: { type: 'fd', data: { str: 'disks' } } });
    for (const [disk, stream] of Object.entries(disks)) {
      const node = await topNode(qmp, disk);
      await qmp.ask('block-export-add', { type: 'nbd', id: disk, 'node-name': node, name: disk, writable: true });
      carry(connectUnix(path).socket, stream);
    }
  } finally {
    closeSync(listener);
    rmSync(path, { force: true });
  }
}

/** Before the machine goes on: a disk is not written from two sides. */
export async function withdrawDisks(qmp: Qmp, disks: Readonly<Record<string, Duplex>>): Promise<void> {
  if (Object.keys(disks).length > 0) await qmp.ask('nbd-server-stop');
}
