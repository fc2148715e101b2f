/**
 * Limits of a machine that runs: memory within what it was started with (the guest gives it back to its balloon), further CPUs
 * and their taking out (the guest has to agree), and what control groups hold around QEMU. All or nothing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Limits } from '../../core/ports/engine.ts';
import type { Cgroups } from '../../host/cgroup.ts';
import { HostError } from '../../lib/host-error.ts';
import type { Accelerator } from './accelerator.ts';
import { aroundQemu } from './around-qemu.ts';
import type { Layout } from './layout.ts';
import { cpuCount, memoryBytes } from './machine/board.ts';
import { setCpus } from './plug-cpus.ts';
import type { Qmp } from './qmp.ts';
import type { Reach } from './reach.ts';
import { readRecord, runningQemu, writeRecord } from './record.ts';

export type LiveLimitsNeeds = { layout: Layout; cgroups: Cgroups; reach: Reach; accelerator: Accelerator };

const balloonMs = 15_000;
const lookMs = 100;
const mebibyte = 2 ** 20;

export async function changeLimits({ layout, cgroups, reach, accelerator }: LiveLimitsNeeds, id: string, next: Limits) {
  runningQemu(layout, id);
  const record = readRecord(layout, id);
  if (!record) throw new HostError(`guest ${id}: its record is missing`, { help: 'stop it and start it again' });
  const startedWith = await reach.monitor(id, bootMemory);
  if (memoryBytes(next) > startedWith)
    throw new HostError(
      `limits.memory: the machine was started with ${startedWith / mebibyte} MiB, and cannot have more while it runs`,
      { help: 'stop it, set the limit and start it again' },
    );
  const before = record.limits ?? {};
  if (cpuCount(next) !== cpuCount(before) && accelerator === 'tcg') throw emulated();
  const around = (limits: Limits) => ({ ...aroundQemu(limits), ...aroundMemory(startedWith) });
  cgroups.apply(id, around(next));
  await using undo = new AsyncDisposableStack();
  undo.defer(() => cgroups.apply(id, around(before)));
  if (cpuCount(next) !== cpuCount(before)) {
    await setCpus(reach, id, cpuCount(next));
    undo.defer(() => setCpus(reach, id, cpuCount(before)).catch(() => {}));
  }
  if (memoryBytes(next) !== record.memoryBytes) await inflate(reach, id, memoryBytes(next), record.memoryBytes);
  // Read again: devices may have come meanwhile.
  writeRecord(layout, id, { ...(readRecord(layout, id) ?? record), memoryBytes: memoryBytes(next), limits: next });
  undo.move();
}

/**
 * QEMU 7.2 divides its translation cache among the CPUs as they come, and ends itself ("tcg_region_initial_alloc__locked:
 * assertion failed") when nothing is left of it for a late one; one that went and comes again corrupts its memory.
 */
const emulated = () =>
  new HostError('limits.cpu: an emulated machine has the CPUs that it was started with', {
    help: 'stop it, set the limit and start it again; with KVM, CPUs come and go while it runs',
  });

/** The group keeps the room that the machine began with: what the guest gives back is free for the host at once. */
const aroundMemory = (startedWith: number) => ({ memoryBytes: aroundQemu({ memoryBytes: startedWith }).memoryBytes });

async function bootMemory(qmp: Qmp): Promise<number> {
  const { 'base-memory': base } = (await qmp.ask('query-memory-size-summary')) as { 'base-memory': number };
  return base;
}

async function inflate(reach: Pick<Reach, 'order'>, id: string, wanted: number, before: number): Promise<void> {
  await reach.order(id, 'balloon', { value: wanted });
  const deadline = Date.now() + balloonMs;
  for (;;) {
    const { actual } = (await reach.order(id, 'query-balloon')) as { actual: number };
    if (wanted < before ? actual <= wanted : actual >= wanted) return;
    if (Date.now() > deadline) {
      await reach.order(id, 'balloon', { value: before });
      throw new HostError(
        `limits.memory: the guest has not come to ${wanted / mebibyte} MiB within ${balloonMs / 1000} s, it has ${Math.ceil(actual / mebibyte)} MiB`,
        {
          help: 'it needs the driver virtio_balloon, and memory that it can give back; or stop it, and set the limit then',
        },
      );
    }
    await sleep(lookMs);
  }
}
