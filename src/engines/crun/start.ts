/**
 * Letting a created guest go. crun's init waits in the guest for one byte from `exec.fifo` in crun's state directory, and
 * a missing file means "started" to crun (so in 1.8 to 1.28, as in runc). Writing it here saves a process of 5 to 10 ms
 * on every launch; where it cannot be done that way, crun does it.
 */
import { closeSync, constants, openSync, unlinkSync, writeSync } from 'node:fs';
import { run } from '../../host/run.ts';
import type { Layout } from './layout.ts';
import { crunOptions } from './programs.ts';
import type { Programs } from './supervisor.ts';

export async function startGuest(layout: Layout, programs: Programs, id: string): Promise<void> {
  if (release(layout.execFifo(id))) return;
  await run(programs.crun, [...crunOptions(layout), 'start', id]);
}

/** False when nobody waits there. */
function release(fifo: string): boolean {
  let descriptor: number;
  try {
    descriptor = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return false;
  }
  try {
    unlinkSync(fifo);
    writeSync(descriptor, '\0');
    return true;
  } finally {
    closeSync(descriptor);
  }
}
