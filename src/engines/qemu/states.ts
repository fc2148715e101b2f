/**
 * Memory of machines in files: a head of ours, which tells what the machine was made of, and behind it QEMU's own stream. QEMU
 * is handed the open file with its position behind the head.
 */
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import type { SaveOptions } from '../../core/ports/machine-states.ts';
import { HostError } from '../../lib/host-error.ts';
import { switchDisk } from './disks.ts';
import { letGo, prepareToGive, runOn, untilArrived, untilStill } from './migrating.ts';
import type { Qmp } from './qmp.ts';
import { fullShape, refuseUnsaveable, type Shape } from './shape.ts';

const headBytes = 2 ** 16;
const magic = 'gasthof-machine-memory-1';
/** What is left when the machine has to stand still is written in this time. */
const downtimeMs = 100;
const eventMs = 10_000;

export type StateHead = { magic: typeof magic; type: string; shape: Shape };

export async function saveState(
  qmp: Qmp,
  { shape, path }: { shape: Shape; path: string },
  { switched, standStill = false, signal }: SaveOptions,
): Promise<{ pauseMs?: number }> {
  await refuseUnsaveable(shape, qmp);
  const file = openSync(path, 'wx', 0o600);
  try {
    writeHead(file, { magic, ...(await fullShape(shape, qmp)) });
    await prepareToGive(qmp, downtimeMs);
    await qmp.hand('state', file);
    try {
      await qmp.ask('migrate', { uri: 'fd:state' });
      await untilStill(qmp, signal);
      if (switched) await switchDisk(qmp, switched.disk, switched.overlay);
      await letGo(qmp);
    } catch (error) {
      // One that does not answer any more has ended, which is told elsewhere.
      await runOn(qmp).catch(() => {});
      throw error;
    }
    if (standStill) return {};
    await qmp.ask('cont');
    const [stop, resume] = [await qmp.event('STOP', eventMs), await qmp.event('RESUME', eventMs)];
    return { pauseMs: resume.at.getTime() - stop.at.getTime() };
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}

/** Into a QEMU that waits for it (`-incoming defer`, `-S`); it stands still afterwards. */
export async function loadState(qmp: Qmp, path: string): Promise<void> {
  const file = openSync(path, 'r');
  try {
    readHead(file, path);
    await qmp.hand('state', file);
    await qmp.ask('migrate-incoming', { uri: 'fd:state' });
    await untilArrived(qmp);
  } finally {
    closeSync(file);
  }
}

export function stateHead(path: string): StateHead {
  const file = openSync(path, 'r');
  try {
    return readHead(file, path);
  } finally {
    closeSync(file);
  }
}

function writeHead(file: number, head: StateHead): void {
  const bytes = Buffer.alloc(headBytes);
  if (bytes.write(JSON.stringify(head)) >= headBytes - 1) throw new HostError('the machine has too many devices');
  writeSync(file, bytes);
}

/** Moves the position behind the head. */
function readHead(file: number, path: string): StateHead {
  const bytes = Buffer.alloc(headBytes);
  const length = readSync(file, bytes, 0, headBytes, null);
  try {
    const head = JSON.parse(bytes.subarray(0, length).toString().split('\0')[0] ?? '') as StateHead;
    if (head.magic === magic && length === headBytes) return head;
  } catch {
    // Told below.
  }
  throw new HostError(`${path} is not the memory of a machine`);
}
