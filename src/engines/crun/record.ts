/**
 * What is known of a guest without asking anybody: our own record in its bundle, and crun's status file with the pid and
 * start time of init. Reading them spawns nothing.
 */
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { GuestSpec } from '../../core/ports/engine.ts';
import { isAlive, type ProcessRef } from '../../host/process.ts';
import { HostError } from '../../lib/host-error.ts';
import { isGuestId } from '../guest-id.ts';
import type { Layout } from './layout.ts';

export type GuestRecord = {
  base: number;
  size: number;
  droppedCapabilities: string[];
};

export function writeRecord(layout: Layout, spec: GuestSpec): void {
  const record: GuestRecord = {
    base: spec.range.base,
    size: spec.range.size,
    droppedCapabilities: spec.droppedCapabilities,
  };
  const path = layout.record(spec.id);
  writeFileSync(`${path}.new`, JSON.stringify(record));
  renameSync(`${path}.new`, path);
}

/** Undefined when the guest does not exist, or its making was cut off before this was written. */
export function readRecord(layout: Layout, id: string): GuestRecord | undefined {
  return readJson(layout.record(id)) as GuestRecord | undefined;
}

/** Ids that exist for the engine, half-made ones included. */
export function listGuests(layout: Layout): string[] {
  return readdirSync(layout.bundles).filter(isGuestId);
}

/** Init as crun noted it, dead or alive. Undefined before `crun create` has come to its end. */
export function notedInit(layout: Layout, id: string): ProcessRef | undefined {
  const status = readJson(`${layout.runtimeState(id)}/status`);
  const { pid, 'process-start-time': startTicks } = status ?? {};
  return typeof pid === 'number' && typeof startTicks === 'number' ? { pid, startTicks } : undefined;
}

/** Init of a guest that lives. */
export function livingInit(layout: Layout, id: string): ProcessRef | undefined {
  const init = notedInit(layout, id);
  return init && isAlive(init) ? init : undefined;
}

/** True between create and start: crun takes this fifo away when it lets init go. */
export function waitsForStart(layout: Layout, id: string): boolean {
  return existsSync(layout.execFifo(id));
}

/** Init of a guest that runs, else an error that says so. */
export function runningInit(layout: Layout, id: string): ProcessRef {
  const init = livingInit(layout, id);
  if (init && !waitsForStart(layout, id)) return init;
  throw new HostError(`guest ${id} does not run`, { errno: 'ESRCH', help: 'start it first' });
}

function readJson(path: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
