/** Making a machine: its state, its control group and its room, in which QEMU waits for the word to go. */
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { GuestSpec } from '../../core/ports/engine.ts';
import type { Machine } from '../../core/ports/machine.ts';
import type { Cgroups } from '../../host/cgroup.ts';
import { HostError } from '../../lib/host-error.ts';
import type { Accelerator } from './accelerator.ts';
import { aroundQemu } from './around-qemu.ts';
import { firmwareOf } from './firmware.ts';
import { beginRun, lastWords } from './last-words.ts';
import type { Layout } from './layout.ts';
import { memoryBytes } from './machine/board.ts';
import { renderMachine } from './machine/render.ts';
import type { MachineSpec } from './machine/spec.ts';
import { noStart } from './no-start.ts';
import { hasSpice } from './programs.ts';
import { type Qmp, withMonitor } from './qmp.ts';
import { readRecord, writeRecord } from './record.ts';
import { removeMachine } from './remove.ts';
import { makeSeed } from './seed.ts';
import { refuseOther, shapeOf } from './shape.ts';
import { openShares } from './shares.ts';
import { loadState, stateHead } from './states.ts';
import { firstDescriptor, openRoom, type Waiting } from './supervisor.ts';
import { connectTaps } from './taps.ts';
import { openTpm } from './tpm.ts';

export type CreateNeeds = { layout: Layout; cgroups: Cgroups; program: string; accelerator: Accelerator };

/** A machine of which QEMU has taken hold answers on its monitor. */
const startTimeoutMs = 60_000;

/** Ids of a guest's range that nothing inside it has: 0 would be the owner of its files. */
export const qemuUid = (range: { base: number; size: number }) => range.base + range.size - 2;

export async function createMachine(needs: CreateNeeds, asked: GuestSpec, signal?: AbortSignal): Promise<Waiting> {
  const { layout, cgroups } = needs;
  signal?.throwIfAborted();
  if (existsSync(layout.machine(asked.id)))
    throw new HostError(`guest ${asked.id} exists already`, { errno: 'EEXIST', help: 'remove it first' });
  const limits = aroundQemu(asked.limits);
  const refusal = cgroups.refusal(limits, asked.id);
  if (refusal !== undefined) throw new HostError(refusal);
  try {
    mkdirSync(layout.machine(asked.id), { mode: 0o700 });
    mkdirSync(layout.logs(asked.id), { recursive: true, mode: 0o700 });
    writeFileSync(layout.gate(asked.id), '');
    beginRun(layout.engineLog(asked.id));
    const spec = await openShares(layout, asked, () => cgroups.make(asked.id), signal);
    openTpm(layout, spec, () => cgroups.make(asked.id));
    if (spec.machine?.seed) await makeSeed(layout.seed(spec.id), spec.machine.seed);
    const plan = planOf(needs, spec, await hasSpice(needs.program));
    const waiting = await open(needs, spec, plan, signal);
    try {
      cgroups.apply(spec.id, limits);
      const { qemu, supervisor } = waiting;
      writeRecord(layout, spec.id, {
        qemu,
        supervisor,
        memoryBytes: memoryBytes(spec.limits),
        uid: uidOf(spec),
        nics: cards(spec),
        parts: spec.machine?.parts ?? [],
        limits: spec.limits,
        shape: plan.shape,
        ...(spec.machine?.incoming?.kind === 'state' ? { state: spec.machine.incoming.path } : {}),
      });
      signal?.throwIfAborted();
      return waiting;
    } catch (error) {
      waiting[Symbol.dispose]();
      throw error;
    }
  } catch (error) {
    await removeMachine(layout, cgroups, asked.id);
    throw error;
  }
}

type Plan = ReturnType<typeof planOf>;

/** What comes with memory gets the board that the memory is of, and has to be alike in all else. */
function planOf({ layout, accelerator }: CreateNeeds, spec: GuestSpec, spice: boolean) {
  const asked = { ...machineSpec(spec), ...(spec.machine?.seed ? { seed: layout.seed(spec.id) } : {}) };
  const { incoming } = asked.machine;
  const head = incoming && (incoming.kind === 'state' ? stateHead(incoming.path) : incoming.described);
  const machine = head ? { ...asked, machine: { ...asked.machine, type: asked.machine.type ?? head.type } } : asked;
  const consoleLog = layout.consoleLog(spec.id);
  const line = renderMachine(machine, { accelerator, firstDescriptor, consoleLog, spice });
  const shape = shapeOf(line.words);
  if (head) refuseOther(head.shape, shape);
  return { machine, line, shape };
}

function open({ layout, cgroups, program }: CreateNeeds, spec: GuestSpec, plan: Plan, signal?: AbortSignal) {
  const room = { spec: plan.machine, uid: uidOf(spec), program, groups: cgroups.make(spec.id) };
  return openRoom(layout, room, plan.line, signal);
}

const uidOf = (spec: GuestSpec) => qemuUid(spec.range);
const cards = (spec: GuestSpec) => spec.nics.map(({ name, hwaddr = '' }) => ({ name, hwaddr }));

function machineSpec(spec: GuestSpec): MachineSpec {
  if (!spec.machine) throw new HostError(`guest ${spec.id} is no virtual machine`);
  checkBootFiles(spec.machine);
  const { boot } = spec.machine;
  const uefi = boot.kind === 'firmware' && boot.uefi ? { uefi: firmwareOf(boot.uefi) } : {};
  return { id: spec.id, limits: spec.limits, nics: cards(spec), machine: spec.machine, ...uefi };
}

/** Its cards have been connected: QEMU begins, and answers when this resolves. */
export async function startMachine({ layout }: CreateNeeds, id: string, waiting: Waiting): Promise<void> {
  const record = readRecord(layout, id);
  if (!record) throw new HostError(`guest ${id}: its record is missing`, { help: 'remove it and start it again' });
  await connectTaps(record.qemu.pid, record.uid, record.nics);
  rmSync(layout.gate(id));
  waiting.go();
  waiting[Symbol.dispose]();
  const { state } = record;
  const begin = (qmp: Qmp) => (state === undefined ? qmp.ask('query-status') : loadState(qmp, state));
  try {
    await withMonitor(layout.socket(id, 'monitor'), begin, startTimeoutMs);
  } catch (cause) {
    throw noStart(lastWords(layout.engineLog(id)), cause as Error);
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
