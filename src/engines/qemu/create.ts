/** Making a machine: its state, its control group and its room, in which QEMU waits for the word to go. */
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { GuestSpec } from '../../core/ports/engine.ts';
import type { Machine } from '../../core/ports/machine.ts';
import type { Cgroups } from '../../host/cgroup.ts';
import { HostError } from '../../lib/host-error.ts';
import type { Accelerator } from './accelerator.ts';
import { beginRun, lastWords } from './last-words.ts';
import type { Layout } from './layout.ts';
import { type MachineSpec, memoryBytes, renderMachine } from './machine.ts';
import { withMonitor } from './qmp.ts';
import { readRecord, writeRecord } from './record.ts';
import { removeMachine } from './remove.ts';
import { firstDescriptor, openRoom, type Waiting } from './supervisor.ts';
import { connectTaps } from './taps.ts';

export type CreateNeeds = { layout: Layout; cgroups: Cgroups; program: string; accelerator: Accelerator };

/** A machine of which QEMU has taken hold answers on its monitor. */
const startTimeoutMs = 60_000;

/** Ids of a guest's range that nothing inside it has: 0 would be the owner of its files. */
export const qemuUid = (range: { base: number; size: number }) => range.base + range.size - 2;

export async function createMachine(needs: CreateNeeds, spec: GuestSpec, signal?: AbortSignal): Promise<Waiting> {
  const { layout, cgroups } = needs;
  signal?.throwIfAborted();
  if (existsSync(layout.machine(spec.id)))
    throw new HostError(`guest ${spec.id} exists already`, { errno: 'EEXIST', help: 'remove it first' });
  const limits = aroundQemu(spec);
  const refusal = cgroups.refusal(limits, spec.id);
  if (refusal !== undefined) throw new HostError(refusal);
  try {
    mkdirSync(layout.machine(spec.id), { mode: 0o700 });
    mkdirSync(layout.logs(spec.id), { recursive: true, mode: 0o700 });
    writeFileSync(layout.gate(spec.id), '');
    beginRun(layout.engineLog(spec.id));
    const waiting = await open(needs, spec, signal);
    try {
      cgroups.apply(spec.id, limits);
      const { qemu, supervisor } = waiting;
      writeRecord(layout, spec.id, {
        qemu,
        supervisor,
        memoryBytes: memoryBytes(spec.limits),
        uid: uidOf(spec),
        nics: cards(spec),
      });
      signal?.throwIfAborted();
      return waiting;
    } catch (error) {
      waiting[Symbol.dispose]();
      throw error;
    }
  } catch (error) {
    await removeMachine(layout, cgroups, spec.id);
    throw error;
  }
}

function open({ layout, cgroups, program, accelerator }: CreateNeeds, spec: GuestSpec, signal?: AbortSignal) {
  const machine = machineSpec(spec);
  const words = renderMachine(machine, { accelerator, firstDescriptor, consoleLog: layout.consoleLog(spec.id) });
  return openRoom(layout, { spec: machine, uid: uidOf(spec), program, groups: cgroups.make(spec.id) }, words, signal);
}

/** QEMU needs memory beside the guest's, and limits of processes are the guest's own affair. */
const overheadBytes = 512 * 2 ** 20;
const aroundQemu = ({ limits }: GuestSpec) => ({
  ...(limits.cpuQuota ? { cpuQuota: limits.cpuQuota } : {}),
  ...(limits.cpuSet === undefined ? {} : { cpuSet: limits.cpuSet }),
  ...(limits.cpuPriority === undefined ? {} : { cpuPriority: limits.cpuPriority }),
  memoryBytes: memoryBytes(limits) + overheadBytes,
});

const uidOf = (spec: GuestSpec) => qemuUid(spec.range);
const cards = (spec: GuestSpec) => spec.nics.map(({ name, hwaddr = '' }) => ({ name, hwaddr }));

function machineSpec(spec: GuestSpec): MachineSpec {
  if (!spec.machine) throw new HostError(`guest ${spec.id} is no virtual machine`);
  checkBootFiles(spec.machine);
  return { id: spec.id, limits: spec.limits, nics: cards(spec), machine: spec.machine };
}

/** Its cards have been connected: QEMU begins, and answers when this resolves. */
export async function startMachine({ layout }: CreateNeeds, id: string, waiting: Waiting): Promise<void> {
  const record = readRecord(layout, id);
  if (!record) throw new HostError(`guest ${id}: its record is missing`, { help: 'remove it and start it again' });
  await connectTaps(record.qemu.pid, record.uid, record.nics);
  rmSync(layout.gate(id));
  waiting.go();
  waiting[Symbol.dispose]();
  try {
    await withMonitor(layout.socket(id, 'monitor'), (qmp) => qmp.ask('query-status'), startTimeoutMs);
  } catch (cause) {
    const said = lastWords(layout.engineLog(id)).trim().split('\n').slice(-3).join(' / ');
    throw new HostError(`QEMU did not start: ${said || (cause as Error).message}`, { cause });
  }
}

const readableForAll = 0o004;

/** QEMU opens them itself, by an id that owns nothing. */
function checkBootFiles({ boot }: Machine): void {
  if (boot.kind === 'firmware') return;
  for (const path of [boot.kernel, boot.initrd]) {
    if (path === undefined) continue;
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found?.isFile()) throw new HostError(`${path}: there is no such file`, { errno: 'ENOENT' });
    if (!(found.mode & readableForAll))
      throw new HostError(`${path} is not readable for everybody`, { help: `chmod a+r ${path}, or use a copy` });
  }
}
