/** What is known of a machine without asking it: our own record of this run. Reading it spawns nothing. */
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Limits } from '../../core/ports/engine.ts';
import type { MachinePart } from '../../core/ports/machine-parts.ts';
import { isAlive, type ProcessRef } from '../../host/process.ts';
import { HostError } from '../../lib/host-error.ts';
import { isGuestId } from '../guest-id.ts';
import type { Layout } from './layout.ts';
import type { Shape } from './shape.ts';

export type MachineRecord = {
  qemu: ProcessRef;
  supervisor: ProcessRef;
  memoryBytes: number;
  /** Who QEMU is on this host. */
  uid: number;
  /** Names of its cards, in order. */
  nics: { name: string; hwaddr: string }[];
  /** Devices that it was given; which of them it has is QEMU's to say. */
  parts?: readonly MachinePart[];
  /** Those that hold now. */
  limits?: Limits;
  /** What it was started as; see shape.ts. */
  shape?: Shape;
  /** The file whose memory it takes up when it starts. */
  state?: string;
};

export function writeRecord(layout: Layout, id: string, record: MachineRecord): void {
  const path = layout.record(id);
  writeFileSync(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

export function readRecord(layout: Layout, id: string): MachineRecord | undefined {
  try {
    return JSON.parse(readFileSync(layout.record(id), 'utf8')) as MachineRecord;
  } catch {
    return undefined;
  }
}

/** Ids that exist for the engine, half-made ones included. */
export function listMachines(layout: Layout): string[] {
  return readdirSync(layout.machines).filter(isGuestId);
}

/** The process that is QEMU, or becomes it. */
export function livingQemu(layout: Layout, id: string): ProcessRef | undefined {
  const qemu = readRecord(layout, id)?.qemu;
  return qemu && isAlive(qemu) ? qemu : undefined;
}

/** True between create and start. */
export function waitsForStart(layout: Layout, id: string): boolean {
  return existsSync(layout.gate(id));
}

/** QEMU of a machine that runs, else an error that says so. */
export function runningQemu(layout: Layout, id: string): ProcessRef {
  const qemu = livingQemu(layout, id);
  if (qemu && !waitsForStart(layout, id)) return qemu;
  throw new HostError(`guest ${id} does not run`, { errno: 'ESRCH', help: 'start it first' });
}
